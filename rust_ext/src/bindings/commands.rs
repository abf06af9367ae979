//! Commands of `openoutcry.state.commands` as the venue receives them.

use std::collections::BTreeMap;

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;

use super::names::names;
use super::order_messages::order_id;
use crate::directory::hash_of;
use crate::types::{Command, InstrumentIx, Submit};

/// Reads commands; knows the instruments' indexes by their ids.
pub struct CommandReader {
    pub indexes: BTreeMap<String, InstrumentIx>,
}

impl CommandReader {
    /// The engine's form of a command, and the position leg it names, if any.
    pub fn read<'py>(
        &self,
        command: &Bound<'py, PyAny>,
    ) -> PyResult<(Command, Option<Bound<'py, PyAny>>)> {
        let py = command.py();
        let n = names(py)?;
        let class = command.get_type();
        let id = order_id(&command.getattr(intern!(py, "client_order_id"))?)?;
        let instrument = self.instrument(&command.getattr(intern!(py, "instrument"))?)?;
        if class.is(&n.submit_order) {
            let position = command.getattr(intern!(py, "position"))?;
            let submit = Submit {
                oco_group: name_hash(&command.getattr(intern!(py, "oco_group"))?)?,
                position: name_hash(&position)?,
                ..read_submit(command, id, instrument)?
            };
            let position = (!position.is_none()).then_some(position);
            return Ok((Command::Submit(Box::new(submit)), position));
        }
        let command = if class.is(&n.cancel_order) {
            Command::Cancel { id, instrument }
        } else if class.is(&n.replace_order) {
            Command::Replace {
                id,
                instrument,
                quantity: command.getattr(intern!(py, "quantity_units"))?.extract()?,
                limit: command.getattr(intern!(py, "limit_units"))?.extract()?,
                trigger: command.getattr(intern!(py, "trigger_units"))?.extract()?,
            }
        } else {
            return Err(PyTypeError::new_err(format!("{class} is no venue command")));
        };
        Ok((command, None))
    }

    fn instrument(&self, id: &Bound<'_, PyAny>) -> PyResult<InstrumentIx> {
        let id: String = id.extract()?;
        let index = self.indexes.get(&id).copied();
        index.ok_or_else(|| PyValueError::new_err(format!("{id} is not in this run")))
    }
}

/// What a venue gets of a `SubmitOrder`; names of groups and legs are for the caller to number.
pub fn read_submit(
    command: &Bound<'_, PyAny>,
    id: u128,
    instrument: InstrumentIx,
) -> PyResult<Submit> {
    let py = command.py();
    let n = names(py)?;
    let get = |name| command.getattr(name);
    let parent = get(intern!(py, "parent"))?;
    Ok(Submit {
        id,
        instrument,
        side: n.side.value(&get(intern!(py, "side"))?)?,
        order_type: n.order_type.value(&get(intern!(py, "order_type"))?)?,
        quantity: get(intern!(py, "quantity_units"))?.extract()?,
        limit: get(intern!(py, "limit_units"))?.extract()?,
        trigger: get(intern!(py, "trigger_units"))?.extract()?,
        trigger_source: n
            .trigger_source
            .value(&get(intern!(py, "trigger_source"))?)?,
        trailing_offset: get(intern!(py, "trailing_offset_units"))?.extract()?,
        trailing_bps: n.trailing_bps.value(&get(intern!(py, "trailing_kind"))?)?,
        time_in_force: n.time_in_force.value(&get(intern!(py, "time_in_force"))?)?,
        expire: get(intern!(py, "expire_ts"))?.extract()?,
        post_only: get(intern!(py, "post_only"))?.extract()?,
        reduce_only: get(intern!(py, "reduce_only"))?.extract()?,
        parent: if parent.is_none() {
            None
        } else {
            Some(order_id(&parent)?)
        },
        oco_group: 0,
        position: 0,
    })
}

/// A name as 64 bits, the same in every run; 0 for None.
pub fn name_hash(name: &Bound<'_, PyAny>) -> PyResult<u64> {
    if name.is_none() {
        return Ok(0);
    }
    Ok(hash_of(&name.extract::<String>()?))
}

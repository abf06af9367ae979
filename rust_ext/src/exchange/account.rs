//! What the account holds at the venue: balances and position legs.

use std::collections::BTreeMap;

use super::money::{Rounding, mul_div, notional, rescale};
use crate::types::{CurrencyIx, Fill, Instrument, InstrumentIx};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Leg {
    quantity: i64,
    /// Signed price x quantity of what is open.
    cost: i128,
}

#[derive(Clone, Debug)]
pub struct Account {
    instruments: Vec<Instrument>,
    scales: Vec<u8>,
    balances: Vec<i128>,
    legs: BTreeMap<(InstrumentIx, u64), Leg>,
    held: Vec<bool>,
}

impl Account {
    pub fn new(instruments: &[Instrument], scales: &[u8], balances: &[(CurrencyIx, i128)]) -> Self {
        let mut account = Self {
            instruments: instruments.to_vec(),
            scales: scales.to_vec(),
            balances: vec![0; scales.len()],
            legs: BTreeMap::new(),
            held: vec![false; instruments.len()],
        };
        for (currency, amount) in balances {
            account.balances[usize::from(*currency)] += amount;
        }
        account
    }

    pub fn balance(&self, currency: CurrencyIx) -> i128 {
        self.balances[usize::from(currency)]
    }

    /// Signed quantity of a leg.
    pub fn quantity(&self, ix: InstrumentIx, leg: u64) -> i64 {
        self.legs.get(&(ix, leg)).map_or(0, |leg| leg.quantity)
    }

    /// Sum over legs.
    pub fn net(&self, ix: InstrumentIx) -> i64 {
        self.legs_of(ix).map(|(_, quantity)| quantity).sum()
    }

    /// Whether any leg of the instrument is open.
    pub fn holds(&self, ix: InstrumentIx) -> bool {
        self.held[ix as usize]
    }

    /// Instruments with an open leg, ascending.
    pub fn held(&self) -> impl Iterator<Item = InstrumentIx> + '_ {
        (0..self.held.len())
            .filter(|ix| self.held[*ix])
            .map(|ix| ix as InstrumentIx)
    }

    /// Open legs of an instrument as (leg, signed quantity), ascending.
    pub fn legs_of(&self, ix: InstrumentIx) -> impl Iterator<Item = (u64, i64)> + '_ {
        self.legs
            .range((ix, 0)..=(ix, u64::MAX))
            .map(|((_, leg), state)| (*leg, state.quantity))
    }

    pub fn adjust(&mut self, currency: CurrencyIx, amount: i128) {
        self.balances[usize::from(currency)] += amount;
    }

    /// What the open position adds to the balances, in settlement units; spot counts too.
    pub fn market_value(&self, ix: InstrumentIx, price: i64) -> i128 {
        let instrument = &self.instruments[ix as usize];
        let scale = self.scales[usize::from(instrument.settlement)];
        let mut value = 0;
        for ((_, _), leg) in self.legs.range((ix, 0)..=(ix, u64::MAX)) {
            let now = notional(instrument, scale, price, leg.quantity, Rounding::HalfEven);
            value += now.unwrap_or(0);
            if instrument.margined {
                value -= self.cost_value(instrument, leg.cost).unwrap_or(0);
            }
        }
        value
    }

    fn cost_value(&self, instrument: &Instrument, cost: i128) -> Option<i128> {
        let scale = i32::from(self.scales[usize::from(instrument.settlement)]);
        let from = i32::from(instrument.price_scale)
            + i32::from(instrument.size_scale)
            + i32::from(instrument.multiplier_scale);
        rescale(
            cost * i128::from(instrument.multiplier),
            from,
            scale,
            Rounding::HalfEven,
        )
    }

    /// Book a fill. None on overflow: then nothing has changed.
    pub fn apply(&mut self, fill: &Fill) -> Option<()> {
        let ix = fill.instrument;
        let instrument = self.instruments[ix as usize].clone();
        let scale = self.scales[usize::from(instrument.settlement)];
        let signed = fill.quantity * fill.side.sign();
        let mut leg = self
            .legs
            .get(&(ix, fill.position))
            .copied()
            .unwrap_or_default();
        let mut cash = 0i128;
        let closes = leg.quantity.signum() * signed.signum() < 0;
        let closing = if closes {
            signed.abs().min(leg.quantity.abs())
        } else {
            0
        };
        if closing > 0 {
            let total = i128::from(leg.quantity.abs());
            let mode = Rounding::HalfEven;
            let removed = mul_div(leg.cost, i128::from(closing), total, mode)?;
            let proceeds =
                i128::from(fill.price) * i128::from(closing) * i128::from(leg.quantity.signum());
            if instrument.margined {
                cash += self.cost_value(&instrument, proceeds - removed)?;
            }
            leg.cost -= removed;
        }
        let opening = signed + closing * leg.quantity.signum();
        leg.cost += i128::from(fill.price) * i128::from(opening);
        leg.quantity += signed;
        if !instrument.margined {
            let mode = Rounding::HalfEven;
            cash -= notional(&instrument, scale, fill.price, signed, mode)?;
            if let Some(base) = instrument.base {
                let to = i32::from(self.scales[usize::from(base)]);
                let from = i32::from(instrument.size_scale);
                self.adjust(base, rescale(i128::from(signed), from, to, mode)?);
            }
        }
        self.adjust(instrument.settlement, cash);
        self.adjust(fill.fee_currency, -fill.fee);
        if leg.quantity == 0 {
            self.legs.remove(&(ix, fill.position));
        } else {
            self.legs.insert((ix, fill.position), leg);
        }
        let holds = self.legs_of(ix).next().is_some();
        self.held[ix as usize] = holds;
        Some(())
    }

    /// Split every leg; a fraction of a lot is paid out at `price`. Returns the cash, already booked.
    pub fn split(
        &mut self,
        ix: InstrumentIx,
        numerator: i64,
        denominator: i64,
        price: i64,
    ) -> Option<i128> {
        let instrument = self.instruments[ix as usize].clone();
        let scale = self.scales[usize::from(instrument.settlement)];
        let mut cash = 0;
        for (leg, quantity) in self.legs_of(ix).collect::<Vec<_>>() {
            let exact = i128::from(quantity) * i128::from(numerator);
            let lot = i128::from(instrument.lot) * i128::from(denominator);
            let kept = i64::try_from(exact / lot * i128::from(instrument.lot)).ok()?;
            let left = exact - i128::from(kept) * i128::from(denominator);
            let one = notional(&instrument, scale, price, 1, Rounding::HalfEven)?;
            cash += mul_div(left, one, i128::from(denominator), Rounding::HalfEven)?;
            if let Some(state) = self.legs.get_mut(&(ix, leg)) {
                state.quantity = kept;
            }
        }
        self.legs.retain(|_, leg| leg.quantity != 0);
        let holds = self.legs_of(ix).next().is_some();
        self.held[ix as usize] = holds;
        self.adjust(instrument.settlement, cash);
        Some(cash)
    }
}

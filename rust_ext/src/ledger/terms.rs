//! How an instrument's cost units become units of its currencies: computed once.

use super::{INVERSE_DIGITS, MAX_RESIDUAL_DIGITS, Posting};
use crate::fixed::{NumericError, Rounding, mul_div_rem, overflow, pow10};
use crate::types::{CurrencyIx, Instrument};

/// Units of one kind as units of a currency: x factor / divisor.
#[derive(Clone, Copy, Debug)]
pub(super) struct Conversion {
    pub currency: CurrencyIx,
    factor: u128,
    divisor: u128,
    /// Residual units of the currency in a unit of the remainder.
    residual_factor: i128,
}

impl Conversion {
    /// `scale` is that of `multiplier` x one unit to be converted.
    fn new(
        currency: CurrencyIx,
        currency_scale: u8,
        residual_scale: u8,
        multiplier: u128,
        scale: u8,
    ) -> Result<Self, NumericError> {
        let factor = pow10(u32::from(currency_scale.saturating_sub(scale)))?;
        let residual_factor = pow10(u32::from(residual_scale.saturating_sub(scale)))?;
        Ok(Self {
            currency,
            factor: factor
                .checked_mul(multiplier)
                .ok_or_else(|| overflow("a factor"))?,
            divisor: pow10(u32::from(scale.saturating_sub(currency_scale)))?,
            residual_factor: i128::try_from(residual_factor).map_err(|_| overflow("a factor"))?,
        })
    }

    /// The settlement: rounds half to even and keeps what is left over.
    pub fn settle(&self, value: i128) -> Result<Posting, NumericError> {
        let (amount, remainder) =
            mul_div_rem(value, self.factor, self.divisor, Rounding::HalfEven)?;
        let residual = remainder.checked_mul(self.residual_factor);
        let residual = residual.ok_or_else(|| overflow("a residual"))?;
        Ok(Posting {
            currency: self.currency,
            amount,
            residual,
        })
    }
}

/// What the ledger needs of an instrument to settle it.
#[derive(Clone, Debug)]
pub(super) struct Terms {
    /// Cost units to the settlement currency.
    pub settlement: Conversion,
    /// Quantity units to the currency that is delivered, if it is one.
    pub delivered: Option<Conversion>,
    /// Scale of cost units of an inverse contract.
    pub inverse_scale: u8,
    /// (multiplier, scale): cost units x multiplier count 10^-scale of the settlement currency.
    pub cost_factor: (i64, u8),
}

impl Terms {
    pub fn new(
        instrument: &Instrument,
        currencies: &[(String, u8)],
        residual_scales: &[u8],
    ) -> Result<Self, NumericError> {
        let conversion = |currency: CurrencyIx, multiplier: i64, scale: u8| {
            let at = usize::from(currency);
            let multiplier = u128::from(multiplier.unsigned_abs());
            Conversion::new(
                currency,
                currencies[at].1,
                residual_scales[at],
                multiplier,
                scale,
            )
        };
        let settlement = instrument.settlement;
        let cost_factor = cost_factor(instrument, currencies);
        let base = instrument
            .base
            .map(|base| conversion(base, 1, instrument.size_scale));
        Ok(Self {
            settlement: conversion(settlement, cost_factor.0, cost_factor.1)?,
            delivered: base.transpose()?,
            inverse_scale: currencies[usize::from(settlement)].1 + INVERSE_DIGITS,
            cost_factor,
        })
    }
}

fn cost_factor(instrument: &Instrument, currencies: &[(String, u8)]) -> (i64, u8) {
    if instrument.inverse {
        (
            1,
            currencies[usize::from(instrument.settlement)].1 + INVERSE_DIGITS,
        )
    } else {
        let scale = instrument.price_scale + instrument.size_scale + instrument.multiplier_scale;
        (instrument.multiplier, scale)
    }
}

/// For each currency the finest scale in which anything settles into it.
pub(super) fn residual_scales(
    currencies: &[(String, u8)],
    instruments: &[Instrument],
) -> Result<Vec<u8>, NumericError> {
    let mut scales: Vec<u8> = currencies.iter().map(|(_, scale)| *scale).collect();
    for instrument in instruments {
        let cost = (instrument.settlement, cost_factor(instrument, currencies).1);
        let delivered = instrument.base.map(|base| (base, instrument.size_scale));
        for (currency, scale) in std::iter::once(cost).chain(delivered) {
            let (code, unit) = &currencies[usize::from(currency)];
            if scale.saturating_sub(*unit) > MAX_RESIDUAL_DIGITS {
                return Err(NumericError::Overflow(format!(
                    "{}: its values have {scale} decimals, more than {MAX_RESIDUAL_DIGITS} beyond \
                     the {unit} of {code}",
                    instrument.id
                )));
            }
            let finest = &mut scales[usize::from(currency)];
            *finest = scale.max(*finest);
        }
    }
    Ok(scales)
}

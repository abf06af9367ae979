//! Cash and positions that move without a trade: funding, dividends, splits.

use super::money::{FRACTION_SCALE, fraction_of_value, mul_div};
use super::{Exchange, reasons};
use crate::fixed::{Rounding, pow10};
use crate::types::{CurrencyIx, InstrumentIx, Nanos, Report, UNDEFINED};

/// The reasons of cash reports.
pub const FUNDING: &str = "funding";
pub const DIVIDEND: &str = "dividend";
pub const CASH_IN_LIEU: &str = "cash in lieu";

impl Exchange {
    /// Funding settles: longs pay `rate` (10^-12) x notional to shorts, at the mark if there is
    /// one. Rounded half to even to a unit of the settlement currency.
    pub fn on_funding(&mut self, ts: Nanos, ix: InstrumentIx, rate: i64, out: &mut Vec<Report>) {
        self.now(ts, out);
        let position = self.account.net(ix);
        let Some(price) = self.markets[ix as usize].valuation(position.signum()) else {
            return;
        };
        let instrument = &self.instruments[ix as usize];
        let settlement = instrument.settlement;
        let rate = (rate, FRACTION_SCALE);
        let scale = self.scale(settlement);
        let mode = Rounding::HalfEven;
        if let Some(paid) = fraction_of_value(instrument, scale, price, position, rate, mode) {
            self.pay(ts, ix, settlement, -paid, FUNDING, out);
            self.check_margin(ts, ix, out);
        }
    }

    /// A dividend of `amount` (10^-12 of the quote currency) per share of the holding; shorts pay.
    /// Rounded half to even to a unit of the currency.
    pub fn on_dividend(&mut self, ts: Nanos, ix: InstrumentIx, amount: i64, out: &mut Vec<Report>) {
        self.now(ts, out);
        let instrument = &self.instruments[ix as usize];
        let (quote, size_scale) = (instrument.quote, instrument.size_scale);
        let below = u32::from(size_scale + FRACTION_SCALE);
        let money = u32::from(self.scale(quote));
        let power = |a: u32, b: u32| i128::try_from(pow10(a.saturating_sub(b)).ok()?).ok();
        let shares = i128::from(self.account.net(ix)) * i128::from(amount);
        let received = power(money, below)
            .zip(power(below, money))
            .and_then(|(factor, divisor)| mul_div(shares, factor, divisor, Rounding::HalfEven));
        if let Some(received) = received {
            self.pay(ts, ix, quote, received, DIVIDEND, out);
        }
    }

    /// `numerator` new shares for `denominator` old ones: orders end, the holding changes, and a
    /// fraction of a lot is paid out at the last price, adjusted.
    pub fn on_split(
        &mut self,
        ts: Nanos,
        ix: InstrumentIx,
        numerator: i64,
        denominator: i64,
        out: &mut Vec<Report>,
    ) {
        self.now(ts, out);
        for key in self.orders.desk(ix).live.clone() {
            self.cancel(ts, key, reasons::SPLIT, out);
        }
        let sign = self.account.net(ix).signum();
        let old_price = self.markets[ix as usize].valuation(sign);
        self.markets[ix as usize].forget_prices();
        if !self.account.holds(ix) || numerator <= 0 || denominator <= 0 {
            return;
        }
        let (n, d) = (i128::from(numerator), i128::from(denominator));
        let price = old_price
            .and_then(|price| mul_div(i128::from(price), d, n, Rounding::HalfEven))
            .and_then(|price| i64::try_from(price).ok());
        let price = price.unwrap_or(UNDEFINED);
        // What cannot be split (a coin, no price for the fraction) stays as it is, unreported.
        let Ok(amount) = self.account.split(ix, numerator, denominator, price) else {
            return;
        };
        out.push(Report::Split {
            instrument: ix,
            ts,
            numerator,
            denominator,
        });
        if amount != 0 {
            let (instrument, currency) = (Some(ix), self.instruments[ix as usize].settlement);
            out.push(Report::Cash {
                instrument,
                ts,
                currency,
                amount,
                reason: CASH_IN_LIEU,
            });
        }
        self.unwatch_margin();
    }

    fn pay(
        &mut self,
        ts: Nanos,
        ix: InstrumentIx,
        currency: CurrencyIx,
        amount: i128,
        reason: &'static str,
        out: &mut Vec<Report>,
    ) {
        if amount != 0 && self.account.adjust(currency, amount).is_ok() {
            self.unwatch_margin();
            out.push(Report::Cash {
                instrument: Some(ix),
                ts,
                currency,
                amount,
                reason,
            });
        }
    }
}

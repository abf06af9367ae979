//! Maintenance margin and liquidation.
//!
//! A full check adds up the whole account. It also computes, per instrument, how far the price may
//! move before the check must be made again; inside that band an event costs two comparisons.

use super::Exchange;
use super::fees::FeeState;
use super::funds::MARGIN_SCALE;
use super::money::{fraction_of_value, price_move};
use super::reasons;
use crate::fixed::Rounding;
use crate::types::{CurrencyIx, Fill, InstrumentIx, Liquidity, Nanos, Report, Side};

/// Prices `low..=high` need no new check; an empty band (low > high) always does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Band {
    low: i64,
    high: i64,
}

impl Band {
    pub const EMPTY: Self = Self { low: 1, high: 0 };

    fn contains(self, price: i64) -> bool {
        self.low <= price && price <= self.high
    }
}

/// A leg and what works on it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Leg {
    position: i64,
    buys: i64,
    sells: i64,
}

impl Leg {
    pub fn holding(position: i64) -> Self {
        Self {
            position,
            ..Self::default()
        }
    }

    pub fn add(&mut self, side: Side, leaves: i64) {
        let sum = match side {
            Side::Buy => &mut self.buys,
            Side::Sell => &mut self.sells,
        };
        *sum = sum.saturating_add(leaves);
    }

    /// The largest position that the orders may lead to.
    pub fn worst(&self) -> i64 {
        let long = self.position.saturating_add(self.buys).saturating_abs();
        let short = self.position.saturating_sub(self.sells).saturating_abs();
        long.max(short)
    }
}

impl Exchange {
    /// Positions or cash changed: every band is void.
    pub(super) fn unwatch_margin(&mut self) {
        if self.config.margin {
            self.bands.fill(Band::EMPTY);
        }
    }

    /// Prices of an instrument that need no check of the margin, as long as nothing else happens.
    pub(super) fn margin_band(&self, ix: InstrumentIx) -> Option<(i64, i64)> {
        if !self.config.margin || self.liquidated || !self.account.holds(ix) {
            return Some((i64::MIN, i64::MAX));
        }
        // What the position is worth now may lie outside: a lonely bid or ask is not checked at once.
        let sign = self.account.net(ix).signum();
        let worth = self.markets[ix as usize].valuation(sign)?;
        let band = self.bands[ix as usize];
        band.contains(worth).then_some((band.low, band.high))
    }

    /// Check the maintenance margin after the price of an instrument moved.
    pub(super) fn check_margin(&mut self, ts: Nanos, ix: InstrumentIx, out: &mut Vec<Report>) {
        if !self.config.margin || self.liquidated || !self.account.holds(ix) {
            return;
        }
        let sign = self.account.net(ix).signum();
        let Some(price) = self.markets[ix as usize].valuation(sign) else {
            return;
        };
        if self.bands[ix as usize].contains(price) {
            return;
        }
        let pool = self.instruments[ix as usize].settlement;
        let cushion = self.equity(pool) - self.maintenance(pool);
        if cushion < 0 {
            self.liquidate(ts, out);
        } else {
            self.set_bands(pool, cushion);
        }
    }

    /// Instruments of a pool with a position, ascending.
    fn held_in(&self, pool: CurrencyIx) -> Vec<InstrumentIx> {
        let settles = |ix: &InstrumentIx| self.instruments[*ix as usize].settlement == pool;
        self.account.held().filter(settles).collect()
    }

    /// Margin needed to keep the positions of a pool.
    fn maintenance(&self, pool: CurrencyIx) -> i128 {
        let mut sum = 0;
        for ix in self.held_in(pool) {
            let instrument = &self.instruments[ix as usize];
            let sign = self.account.net(ix).signum();
            let Some(price) = self.markets[ix as usize].valuation(sign) else {
                continue;
            };
            let rate = (self.maintenance_rate(ix), MARGIN_SCALE);
            let scale = self.scale(pool);
            let value =
                fraction_of_value(instrument, scale, price, self.gross(ix), rate, Rounding::Up);
            sum += value.map_or(0, i128::abs);
        }
        sum
    }

    fn gross(&self, ix: InstrumentIx) -> i64 {
        let sizes = self
            .account
            .legs_of(ix)
            .map(|(_, quantity)| quantity.saturating_abs());
        sizes.fold(0, i64::saturating_add)
    }

    /// Share the cushion among the pool's positions: as long as none of them loses more than half
    /// of its share (the other half covers the growth of the margin itself), the sum cannot fail.
    fn set_bands(&mut self, pool: CurrencyIx, cushion: i128) {
        let held = self.held_in(pool);
        let share = cushion / i128::try_from(held.len().max(1)).unwrap_or(i128::MAX);
        for ix in held {
            let instrument = &self.instruments[ix as usize];
            let sign = self.account.net(ix).signum();
            let price = self.markets[ix as usize].valuation(sign);
            let reach = price_move(instrument, self.scale(pool), share / 2, self.gross(ix));
            self.bands[ix as usize] = match (price, reach) {
                (Some(price), Some(reach)) if !instrument.inverse => Band {
                    low: price.saturating_sub(reach),
                    high: price.saturating_add(reach),
                },
                _ => Band::EMPTY,
            };
        }
    }

    /// Close everything at the touch and take no order any more. The fills have client order id 0.
    fn liquidate(&mut self, ts: Nanos, out: &mut Vec<Report>) {
        self.liquidated = true;
        self.cancel_all(ts, reasons::LIQUIDATED, out);
        for ix in self.account.held().collect::<Vec<_>>() {
            for (leg, quantity) in self.account.legs_of(ix).collect::<Vec<_>>() {
                self.close_leg(ts, ix, leg, quantity, out);
            }
        }
        out.push(Report::Liquidated {
            ts,
            reason: reasons::MAINTENANCE,
        });
    }

    fn close_leg(
        &mut self,
        ts: Nanos,
        ix: InstrumentIx,
        leg: u64,
        quantity: i64,
        out: &mut Vec<Report>,
    ) {
        let side = if quantity > 0 { Side::Sell } else { Side::Buy };
        let market = &self.markets[ix as usize];
        let Some(price) = market
            .reference(side)
            .or_else(|| market.valuation(quantity.signum()))
        else {
            return;
        };
        let quantity = quantity.saturating_abs();
        let taker = Liquidity::Taker;
        let fee = self.fee(ix, side, FeeState::default(), price, quantity, taker);
        let settlement = self.instruments[ix as usize].settlement;
        let (fee, fee_currency, _) = fee.unwrap_or((0, settlement, FeeState::default()));
        let fill = Fill {
            id: 0,
            instrument: ix,
            ts,
            venue_order_id: self.orders.next_key(),
            fill_id: self.last_fill + 1,
            side,
            price,
            quantity,
            cumulative: quantity,
            fee,
            fee_currency,
            liquidity: taker,
            position: leg,
        };
        if self.account.apply(&fill).is_ok() {
            self.last_fill += 1;
            out.push(Report::Filled(Box::new(fill)));
        }
    }
}

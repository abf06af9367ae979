//! Can the account afford an order? Reservations, margin and fees.

use std::collections::BTreeMap;

use super::config::FeeCurrency;
use super::fees::FeeState;
use super::margin::Leg;
use super::money::{fraction_of_value, mul_div, notional};
use super::orders::{Key, Order, Phase};
use super::{Exchange, reasons};
use crate::fixed::{Rounding, pow10, rescale};
use crate::types::{CurrencyIx, Fill, InstrumentIx, Liquidity, Side, Submit};

/// Fees in another currency are carried at this scale until they are rounded to it.
const GUARD_SCALE: u8 = 18;
/// Scale of leverage and margin fractions.
pub(super) const MARGIN_SCALE: u8 = 9;
/// 1 in units of 10^-`MARGIN_SCALE`.
const ONE: i64 = 1_000_000_000;

impl Exchange {
    /// The fee of a fill: units, the currency it is paid in, and the order's new fee state.
    pub(super) fn fee(
        &self,
        ix: InstrumentIx,
        side: Side,
        state: FeeState,
        price: i64,
        quantity: i64,
        liquidity: Liquidity,
    ) -> Option<(i128, CurrencyIx, FeeState)> {
        let instrument = &self.instruments[ix as usize];
        let settlement = instrument.settlement;
        let fees = &self.config.fees;
        let (currency, rate, rate_scale) = match (fees.currency, instrument.base, side) {
            (FeeCurrency::Base, Some(base), Side::Buy) => (base, price, instrument.price_scale),
            (FeeCurrency::Other(other), _, _) if other != settlement => {
                let (rate, scale) = self.fee_rate(other, settlement)?;
                (other, rate, scale)
            }
            _ => {
                let scale = self.scale(settlement);
                let of_fill = fees.of_fill(instrument, scale, state, price, quantity, liquidity)?;
                return Some((of_fill.0, settlement, of_fill.1));
            }
        };
        let (fee, state) =
            fees.of_fill(instrument, GUARD_SCALE, state, price, quantity, liquidity)?;
        let factor =
            i128::try_from(pow10(u32::from(rate_scale) + u32::from(self.scale(currency))).ok()?)
                .ok()?;
        let divisor = i128::from(rate)
            .checked_mul(i128::try_from(pow10(u32::from(GUARD_SCALE)).ok()?).ok()?)?;
        Some((
            mul_div(fee, factor, divisor, fees.rounding)?,
            currency,
            state,
        ))
    }

    /// Price of the fee currency in the settlement currency: the last price of a pair of the two.
    fn fee_rate(&self, fee: CurrencyIx, settlement: CurrencyIx) -> Option<(i64, u8)> {
        self.instruments
            .iter()
            .zip(&self.markets)
            .find_map(|(pair, market)| {
                let fits = pair.base == Some(fee) && pair.quote == settlement;
                let price = fits.then(|| market.valuation(1)).flatten()?;
                (price > 0).then_some((price, pair.price_scale))
            })
    }

    /// Whether a cash account still has no negative balance after the fill.
    pub(super) fn can_pay(&self, fill: &Fill) -> bool {
        let instrument = &self.instruments[fill.instrument as usize];
        let settlement = instrument.settlement;
        let scale = self.scale(settlement);
        let signed = fill.quantity * fill.side.sign();
        let value = notional(instrument, scale, fill.price, signed, Rounding::HalfEven);
        let Some(value) = value else { return false };
        let delivered = match instrument.base {
            Some(base) => self
                .base_units(base, instrument.size_scale, signed)
                .map(|u| (base, u)),
            None => None,
        };
        let holds = match delivered {
            Some(_) => true,
            None => {
                let held = self.account.quantity(fill.instrument, fill.position);
                i128::from(held) + i128::from(signed) >= 0
            }
        };
        let mut moves = vec![(settlement, -value), (fill.fee_currency, -fill.fee)];
        moves.extend(delivered);
        holds
            && moves.iter().all(|(currency, _)| {
                let sum: i128 = moves.iter().filter(|m| m.0 == *currency).map(|m| m.1).sum();
                sum >= 0 || self.account.balance(*currency) + sum >= 0
            })
    }

    fn base_units(&self, base: CurrencyIx, size_scale: u8, quantity: i64) -> Option<i128> {
        let mode = Rounding::HalfEven;
        rescale(i128::from(quantity), size_scale, self.scale(base), mode).ok()
    }

    /// Whether the account can afford an order of `quantity`, everything that works included.
    /// `replaced` is the live order that it stands for.
    pub(super) fn affordable(
        &self,
        submit: &Submit,
        quantity: i64,
        replaced: Option<Key>,
    ) -> Result<(), &'static str> {
        self.fee_payable(submit)?;
        if submit.reduce_only {
            return Ok(());
        }
        if self.config.margin {
            self.margin_suffices(submit, quantity, replaced)
        } else {
            self.cash_suffices(submit, quantity, replaced)
        }
    }

    fn fee_payable(&self, submit: &Submit) -> Result<(), &'static str> {
        let settlement = self.instruments[submit.instrument as usize].settlement;
        match self.config.fees.currency {
            FeeCurrency::Other(other) if other != settlement => self
                .fee_rate(other, settlement)
                .map(|_| ())
                .ok_or(reasons::NO_FEE_RATE),
            _ => Ok(()),
        }
    }

    /// Orders that count against funds: all that may still match.
    fn working(&self, except: Option<Key>) -> impl Iterator<Item = &Order> {
        self.orders.iter().filter(move |order| {
            order.phase != Phase::Held && !order.submit.reduce_only && Some(order.key) != except
        })
    }

    fn cash_suffices(
        &self,
        submit: &Submit,
        quantity: i64,
        replaced: Option<Key>,
    ) -> Result<(), &'static str> {
        let instrument = &self.instruments[submit.instrument as usize];
        let asset = self.asset(submit);
        let Some(needed) = self.reservation(submit, quantity)? else {
            return Ok(());
        };
        let mut groups: BTreeMap<u64, i128> = BTreeMap::new();
        let mut total = 0i128;
        let mut add = |group: u64, amount: i128| {
            if group == 0 {
                total += amount;
            } else {
                let most = groups.entry(group).or_default();
                *most = amount.max(*most);
            }
        };
        add(submit.oco_group, needed);
        for order in self
            .working(replaced)
            .filter(|o| self.asset(&o.submit) == asset)
        {
            let amount = self
                .reservation(&order.submit, order.leaves())?
                .unwrap_or(0);
            add(order.submit.oco_group, amount);
        }
        let total = total + groups.values().sum::<i128>();
        let (available, reason) = match asset {
            Asset::Currency(currency) => {
                (self.account.balance(currency), reasons::INSUFFICIENT_FUNDS)
            }
            Asset::Holding(ix, leg) => (
                i128::from(self.account.quantity(ix, leg)),
                reasons::NOT_SHORTABLE,
            ),
        };
        debug_assert!(!instrument.margined);
        if total <= available {
            Ok(())
        } else {
            Err(reason)
        }
    }

    /// What an order of a cash account gives away.
    fn asset(&self, submit: &Submit) -> Asset {
        let instrument = &self.instruments[submit.instrument as usize];
        match (submit.side, instrument.base) {
            (Side::Buy, _) => Asset::Currency(instrument.settlement),
            (Side::Sell, Some(base)) => Asset::Currency(base),
            (Side::Sell, None) => Asset::Holding(submit.instrument, submit.position),
        }
    }

    /// How much of its asset an order of a cash account may give away: for buys the value at the
    /// limit, trigger or touch plus a taker's fee. None while no price is known.
    fn reservation(&self, submit: &Submit, quantity: i64) -> Result<Option<i128>, &'static str> {
        let instrument = &self.instruments[submit.instrument as usize];
        if submit.side == Side::Sell {
            let amount = match instrument.base {
                Some(base) => self.base_units(base, instrument.size_scale, quantity),
                None => Some(i128::from(quantity)),
            };
            return amount.map(Some).ok_or(reasons::NUMERIC_OVERFLOW);
        }
        let market = &self.markets[submit.instrument as usize];
        let touch = market.reference(Side::Buy);
        let Some(price) = submit.limit.or(submit.trigger).or(touch) else {
            return Ok(None);
        };
        let scale = self.scale(instrument.settlement);
        let value = notional(instrument, scale, price, quantity, Rounding::Up);
        let fee = self.fee(
            submit.instrument,
            Side::Buy,
            FeeState::default(),
            price,
            quantity,
            Liquidity::Taker,
        );
        let (Some(value), Some((fee, currency, _))) = (value, fee) else {
            return Err(reasons::NUMERIC_OVERFLOW);
        };
        let fee = if currency == instrument.settlement {
            fee.max(0)
        } else {
            0
        };
        Ok(Some(value + fee))
    }

    fn margin_suffices(
        &self,
        submit: &Submit,
        quantity: i64,
        replaced: Option<Key>,
    ) -> Result<(), &'static str> {
        let ix = submit.instrument;
        let instrument = &self.instruments[ix as usize];
        let before = self.exposure(ix, None, replaced);
        let after = self.exposure(ix, Some((submit, quantity)), replaced);
        if submit.side == Side::Sell && !instrument.shortable {
            let sells: i64 = self
                .working(replaced)
                .filter(|o| o.submit.instrument == ix && o.submit.side == Side::Sell)
                .map(Order::leaves)
                .fold(quantity, i64::saturating_add);
            if sells > self.account.net(ix) {
                return Err(reasons::NOT_SHORTABLE);
            }
        }
        if after <= before {
            return Ok(());
        }
        let pool = instrument.settlement;
        let mut required = self.initial_margin(ix, after)?;
        for other in self
            .exposed(pool, replaced)
            .into_iter()
            .filter(|other| *other != ix)
        {
            required += self.initial_margin(other, self.exposure(other, None, replaced))?;
        }
        if required <= self.equity(pool) {
            Ok(())
        } else {
            Err(reasons::INSUFFICIENT_MARGIN)
        }
    }

    /// Instruments of a settlement currency with a position or working orders, ascending.
    fn exposed(&self, pool: CurrencyIx, except: Option<Key>) -> Vec<InstrumentIx> {
        let mut list: Vec<InstrumentIx> = self
            .account
            .held()
            .chain(self.working(except).map(|order| order.submit.instrument))
            .filter(|ix| self.instruments[*ix as usize].settlement == pool)
            .collect();
        list.sort_unstable();
        list.dedup();
        list
    }

    /// The largest position, leg by leg, that the working orders may lead to.
    fn exposure(
        &self,
        ix: InstrumentIx,
        extra: Option<(&Submit, i64)>,
        except: Option<Key>,
    ) -> i64 {
        let working = self.working(except).map(|o| (&o.submit, o.leaves()));
        let orders = working.chain(extra).filter(|(s, _)| s.instrument == ix);
        if !self.config.hedging {
            let mut leg = Leg::holding(self.account.net(ix));
            orders.for_each(|(submit, leaves)| leg.add(submit.side, leaves));
            return leg.worst();
        }
        let mut legs: BTreeMap<u64, Leg> = self
            .account
            .legs_of(ix)
            .map(|(leg, quantity)| (leg, Leg::holding(quantity)))
            .collect();
        for (submit, leaves) in orders {
            let leg = legs.entry(submit.position).or_default();
            leg.add(submit.side, leaves);
        }
        legs.values().map(Leg::worst).fold(0, i64::saturating_add)
    }

    /// Margin needed to open `exposure`; 0 while no price is known.
    fn initial_margin(&self, ix: InstrumentIx, exposure: i64) -> Result<i128, &'static str> {
        let instrument = &self.instruments[ix as usize];
        let Some(price) = self.markets[ix as usize].valuation(1) else {
            return Ok(0);
        };
        let rate = (self.initial_rate(ix), MARGIN_SCALE);
        let scale = self.scale(instrument.settlement);
        fraction_of_value(instrument, scale, price, exposure, rate, Rounding::Up)
            .map(i128::abs)
            .ok_or(reasons::NUMERIC_OVERFLOW)
    }

    /// The stated initial margin, or 1 / leverage; an account's leverage above 1 also caps it.
    pub(super) fn initial_rate(&self, ix: InstrumentIx) -> i64 {
        let stated = self.instruments[ix as usize].margin_initial;
        let leverage = i128::from(self.config.leverage);
        let (one, up) = (i128::from(ONE), Rounding::Up);
        let own = mul_div(one, one, leverage, up).and_then(|rate| i64::try_from(rate).ok());
        let own = own.unwrap_or(ONE);
        match (stated, self.config.leverage == ONE) {
            (0, _) => own,
            (_, true) => stated,
            (_, false) => stated.max(own),
        }
    }

    /// The stated maintenance margin, or half of the initial one.
    pub(super) fn maintenance_rate(&self, ix: InstrumentIx) -> i64 {
        match self.instruments[ix as usize].margin_maintenance {
            0 => self.initial_rate(ix) / 2,
            stated => stated,
        }
    }

    /// Balance plus the value of all positions that settle in a currency.
    pub(super) fn equity(&self, pool: CurrencyIx) -> i128 {
        let mut equity = self.account.balance(pool);
        for ix in self.account.held() {
            if self.instruments[ix as usize].settlement == pool {
                let sign = self.account.net(ix).signum();
                let price = self.markets[ix as usize].valuation(sign);
                let value = price.and_then(|price| self.account.market_value(ix, price));
                equity += value.unwrap_or(0);
            }
        }
        equity
    }
}

/// What an order of a cash account gives away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asset {
    Currency(CurrencyIx),
    Holding(InstrumentIx, u64),
}

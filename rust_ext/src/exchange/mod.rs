//! The simulated venue: it takes market data and commands, and reports what it did.
//!
//! Deterministic and pure: no clock, no randomness, no floats. Read `matching.rs` for how orders
//! meet the market, `lifecycle.rs` for what a fill moves, `funds.rs` for what an account may do.
//! An event of an instrument without orders and positions costs a few comparisons.

mod account;
mod bars;
mod config;
mod corporate;
mod expiry;
mod fees;
mod funds;
mod known;
mod lifecycle;
mod margin;
mod market;
mod matching;
mod money;
mod orders;
mod queue;
pub mod reasons;
mod show;
mod slippage;
mod snapshot;
mod submit;
#[cfg(test)]
mod tests;
mod triggers;

use std::collections::VecDeque;

pub use config::{
    BarFill, ExchangeConfig, FeeCurrency, Fees, Overflow, Passive, Queue, Slippage, SlippageModel,
};

use self::account::Account;
use self::margin::Band;
use self::market::{Market, Source};
use self::orders::{Key, OrderTable};
use self::queue::Hit;
pub use self::snapshot::{Numbers, OpenOrder};
use crate::book::Book;
use crate::sessions::Sessions;
use crate::types::{
    Bar, CurrencyIx, Instrument, InstrumentIx, Nanos, Quote, Report, Trade, UNDEFINED,
};

pub struct Exchange {
    config: ExchangeConfig,
    instruments: Vec<Instrument>,
    /// Decimals of each currency.
    scales: Vec<u8>,
    sessions: Vec<Option<Sessions>>,
    markets: Vec<Market>,
    orders: OrderTable,
    account: Account,
    /// Where each instrument's price may go before the margin is checked again.
    bands: Vec<Band>,
    /// Children whose parent filled, waiting for the end of the current event.
    released: VecDeque<Key>,
    /// Reused by `take`.
    plan: Vec<(i64, i64)>,
    /// Reused by `hit_queues_by_print`.
    hits: Vec<Hit>,
    last_fill: u64,
    liquidated: bool,
    /// The trigger of a trailing stop moved since somebody asked.
    moved: bool,
    /// Groups that were used up since somebody asked, where somebody wants to know.
    done_groups: Option<Vec<u64>>,
}

impl Exchange {
    /// A venue with an account. `currencies` are the scales of the run's currencies.
    pub fn new(
        config: ExchangeConfig,
        instruments: Vec<Instrument>,
        currencies: Vec<u8>,
    ) -> Result<Self, String> {
        check_config(&config, &instruments, &currencies)?;
        let count = instruments.len();
        let sessions = (0..count)
            .map(|ix| config.sessions.get(&(ix as InstrumentIx)).cloned())
            .collect();
        let account = Account::new(&instruments, &currencies, &config.balances)
            .map_err(|error| format!("venue {}: {error:?}", config.name))?;
        let path = config.bar_fill == BarFill::Path;
        Ok(Self {
            instruments,
            scales: currencies,
            sessions,
            markets: vec![Market::new(path, config.match_crossed); count],
            orders: OrderTable::new(count),
            account,
            bands: vec![Band::EMPTY; count],
            released: VecDeque::new(),
            plan: Vec::new(),
            hits: Vec::new(),
            last_fill: 0,
            liquidated: false,
            moved: false,
            done_groups: None,
            config,
        })
    }

    pub fn on_quote(&mut self, ts: Nanos, ix: InstrumentIx, quote: &Quote, out: &mut Vec<Report>) {
        self.now(ts, out);
        let market = &mut self.markets[ix as usize];
        if market.source > Source::Quote {
            return;
        }
        market.set_quote(quote);
        self.after_ladder(ts, ix, out);
    }

    /// The prices, lowest and highest, within which no market event of the instrument can do
    /// anything here. None when each must be looked at.
    pub fn calm(&self, ix: InstrumentIx) -> Option<(i64, i64)> {
        match self.orders.desk(ix).idle() {
            true => self.margin_band(ix),
            false => None,
        }
    }

    /// Quotes of an instrument that is calm, of which the venue is shown the last. A touch that
    /// `moved` (bid, ask) on the way there was refreshed, and is offered whole again.
    pub fn pass_quotes(&mut self, ix: InstrumentIx, last: &Quote, moved: [bool; 2]) {
        let market = &mut self.markets[ix as usize];
        if market.source > Source::Quote {
            return;
        }
        for (ladder, moved) in [(&mut market.bids, moved[0]), (&mut market.asks, moved[1])] {
            if moved {
                ladder.clear();
            }
        }
        market.set_quote(last);
    }

    /// Trades of an instrument that is calm, of which the venue is shown the last.
    pub fn pass_trades(&mut self, ix: InstrumentIx, last: &Trade) {
        let market = &mut self.markets[ix as usize];
        market.source = market.source.max(Source::Trade);
        market.last = last.price;
    }

    /// Whether bars of a calm instrument may pass unseen but for the last: it trades at any hour, and
    /// nothing is made of them but prices.
    pub fn passes_bars(&self, ix: InstrumentIx) -> bool {
        let market = &self.markets[ix as usize];
        self.sessions[ix as usize].is_none() && market.source <= Source::Bar && !market.path
    }

    /// Bars of an instrument that is calm, opens and ends, of which the venue is shown the last at
    /// its end.
    pub fn pass_bars(&mut self, ts: Nanos, ix: InstrumentIx, last: &Bar) {
        let market = &mut self.markets[ix as usize];
        market.bar_ended = ts;
        market.source = Source::Bar;
        market.open_bar(last.ts_open, last.volume);
        market.set_bar_price(last.price_type, last.close);
        market.last = last.close;
    }

    /// A whole message was applied to the book.
    pub fn on_book(&mut self, ts: Nanos, ix: InstrumentIx, book: &Book, out: &mut Vec<Report>) {
        self.now(ts, out);
        self.markets[ix as usize].set_book(book);
        self.after_ladder(ts, ix, out);
    }

    /// A gap: nothing matches until the next snapshot.
    pub fn on_book_invalid(&mut self, ix: InstrumentIx) {
        let market = &mut self.markets[ix as usize];
        market.source = Source::Book;
        market.invalidate();
    }

    pub fn on_trade(&mut self, ts: Nanos, ix: InstrumentIx, trade: &Trade, out: &mut Vec<Report>) {
        self.now(ts, out);
        let market = &mut self.markets[ix as usize];
        market.source = market.source.max(Source::Trade);
        market.last = trade.price;
        if self.idle(ix) {
            return;
        }
        if self.trading(ix, ts) {
            self.match_trade(ts, ix, trade, out);
        }
        self.check_margin(ts, ix, out);
    }

    /// The venue's mark price: it triggers `mark` conditionals and decides on the margin.
    pub fn on_mark(&mut self, ts: Nanos, ix: InstrumentIx, mark: i64, out: &mut Vec<Report>) {
        self.now(ts, out);
        if mark == UNDEFINED {
            return;
        }
        self.markets[ix as usize].mark = mark;
        if self.idle(ix) {
            return;
        }
        if self.trading(ix, ts) {
            self.fire_triggers(ts, ix, out);
            self.activate_released(ts, out);
        }
        self.check_margin(ts, ix, out);
    }

    /// Time passed without an event here: orders that are due expire.
    pub fn on_time(&mut self, ts: Nanos, out: &mut Vec<Report>) {
        self.now(ts, out);
    }

    /// When `on_time` is next needed.
    pub fn next_deadline(&self) -> Option<Nanos> {
        self.orders.next_deadline()
    }

    /// End of data: what works is canceled.
    pub fn on_finish(&mut self, ts: Nanos, out: &mut Vec<Report>) {
        self.now(ts, out);
        self.cancel_all(ts, reasons::END_OF_DATA, out);
    }

    /// Units of a currency.
    pub fn balance(&self, currency: CurrencyIx) -> i128 {
        self.account.balance(currency)
    }

    /// Signed quantity over all legs.
    pub fn position(&self, ix: InstrumentIx) -> i64 {
        self.account.net(ix)
    }

    fn now(&mut self, ts: Nanos, out: &mut Vec<Report>) {
        self.expire_until(ts, ts, out);
    }

    fn after_ladder(&mut self, ts: Nanos, ix: InstrumentIx, out: &mut Vec<Report>) {
        if self.idle(ix) {
            return;
        }
        if !self.orders.desk(ix).idle() {
            self.move_queues(ix);
            if self.trading(ix, ts) {
                self.match_ladder(ts, ix, out);
            }
        }
        if self.markets[ix as usize].matchable {
            self.check_margin(ts, ix, out);
        }
    }

    fn scale(&self, currency: CurrencyIx) -> u8 {
        self.scales[usize::from(currency)]
    }

    fn cancel_all(&mut self, ts: Nanos, reason: &'static str, out: &mut Vec<Report>) {
        self.released.clear();
        for key in self
            .orders
            .iter()
            .map(|order| order.key)
            .collect::<Vec<_>>()
        {
            self.cancel(ts, key, reason, out);
        }
        self.released.clear();
    }
}

fn check_config(
    config: &ExchangeConfig,
    instruments: &[Instrument],
    currencies: &[u8],
) -> Result<(), String> {
    let known = |currency: CurrencyIx| usize::from(currency) < currencies.len();
    let name = &config.name;
    if config.leverage <= 0 {
        return Err(format!("venue {name}: leverage must be positive"));
    }
    if config
        .balances
        .iter()
        .any(|(currency, _)| !known(*currency))
    {
        return Err(format!(
            "venue {name}: a balance is in a currency that the run does not have"
        ));
    }
    for instrument in instruments {
        let own = [
            Some(instrument.quote),
            Some(instrument.settlement),
            instrument.base,
        ];
        if !own.into_iter().flatten().all(known) {
            return Err(format!(
                "{}: a currency is not in the run's table",
                instrument.id
            ));
        }
    }
    if let FeeCurrency::Other(fee) = config.fees.currency {
        let priced = |i: &Instrument| i.base == Some(fee) || i.settlement == fee;
        if !known(fee) || !instruments.iter().any(priced) {
            return Err(format!(
                "venue {name}: no instrument prices the fee currency"
            ));
        }
    }
    Ok(())
}

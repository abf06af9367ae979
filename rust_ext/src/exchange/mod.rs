//! The simulated venue.

use crate::book::Book;
use crate::types::*;

#[derive(Clone, Debug, Default)]
pub struct ExchangeConfig;

pub struct Exchange;

impl Exchange {
    pub fn new(_: ExchangeConfig, _: Vec<Instrument>, _: Vec<u8>) -> Result<Self, String> {
        Ok(Self)
    }
    pub fn on_quote(&mut self, _: Nanos, _: InstrumentIx, _: &Quote, _: &mut Vec<Report>) {}
    pub fn on_trade(&mut self, _: Nanos, _: InstrumentIx, _: &Trade, _: &mut Vec<Report>) {}
    pub fn on_bar_open(
        &mut self,
        _: Nanos,
        _: InstrumentIx,
        _: PriceType,
        _: i64,
        _: i64,
        _: &mut Vec<Report>,
    ) {
    }
    pub fn on_bar(&mut self, _: Nanos, _: InstrumentIx, _: &Bar, _: &mut Vec<Report>) {}
    pub fn on_book(&mut self, _: Nanos, _: InstrumentIx, _: &Book, _: &mut Vec<Report>) {}
    pub fn on_book_invalid(&mut self, _: InstrumentIx) {}
    pub fn on_mark(&mut self, _: Nanos, _: InstrumentIx, _: i64, _: &mut Vec<Report>) {}
    pub fn on_funding(&mut self, _: Nanos, _: InstrumentIx, _: i64, _: &mut Vec<Report>) {}
    pub fn on_split(&mut self, _: Nanos, _: InstrumentIx, _: i64, _: i64, _: &mut Vec<Report>) {}
    pub fn on_dividend(&mut self, _: Nanos, _: InstrumentIx, _: i64, _: &mut Vec<Report>) {}
    pub fn on_command(&mut self, ts: Nanos, command: Command, out: &mut Vec<Report>) {
        if let Command::Submit(s) = command {
            out.push(Report::Accepted {
                id: s.id,
                instrument: s.instrument,
                ts,
                venue_order_id: 1,
            });
        }
    }
    pub fn on_time(&mut self, _: Nanos, _: &mut Vec<Report>) {}
    pub fn next_deadline(&self) -> Option<Nanos> {
        None
    }
    pub fn on_finish(&mut self, _: Nanos, _: &mut Vec<Report>) {}
    pub fn balance(&self, _: CurrencyIx) -> i128 {
        0
    }
    pub fn position(&self, _: InstrumentIx) -> i64 {
        0
    }
}

//! The books against one plain ledger per book, over random histories; refusals and snapshots.

use proptest::prelude::*;

use super::*;
use crate::ledger::{Execution, SnapshotError};
use crate::market::Market;
use crate::orders::{Event, FillEvent, VenueKey, What};
use crate::types::{Instrument, Liquidity, Quote, Side};

const USD: CurrencyIx = 0;
const BTC: CurrencyIx = 1;
const EUR: CurrencyIx = 2;
const SPOT: InstrumentIx = 0;
const SHARE: InstrumentIx = 1;
const PERP: InstrumentIx = 2;
const INVERSE: InstrumentIx = 3;
const BOOKS: BookIx = 4;
const NETTED: usize = 0;
const HEDGED: usize = 1;

fn instrument(id: &str) -> Instrument {
    Instrument {
        id: id.to_owned(),
        price_scale: 2,
        size_scale: 0,
        tick: 1,
        lot: 1,
        min_quantity: 1,
        max_quantity: i64::MAX,
        min_notional: 0,
        multiplier: 1,
        multiplier_scale: 0,
        inverse: false,
        margined: false,
        base: None,
        quote: USD,
        settlement: USD,
        margin_initial: 0,
        margin_maintenance: 0,
        shortable: true,
        tradable: true,
    }
}

fn directory() -> Directory {
    let spot = Instrument {
        base: Some(BTC),
        size_scale: 5,
        lot: 10,
        ..instrument("BTCUSD.A")
    };
    let perp = Instrument {
        margined: true,
        multiplier: 25,
        multiplier_scale: 4,
        ..instrument("PERP.B")
    };
    let inverse = Instrument {
        margined: true,
        inverse: true,
        settlement: BTC,
        multiplier: 100,
        ..instrument("INVERSE.B")
    };
    let currencies = [("USD", 2), ("BTC", 8), ("EUR", 2)];
    Directory::new(
        vec![spot, instrument("SHARE.A"), perp, inverse],
        currencies
            .map(|(code, scale)| (code.to_owned(), scale))
            .into(),
        ["a", "b", "c"].map(str::to_owned).into(),
    )
}

fn books(directory: &Directory) -> Books {
    let venue = |name: &str, instruments, hedging| VenueBooks {
        name: name.to_owned(),
        instruments,
        hedging,
        balances: vec![(USD, 1_000_000)],
    };
    let venues = vec![
        venue("B", vec![PERP, INVERSE], true),
        venue("A", vec![SPOT, SHARE], false),
    ];
    Books::new(directory, venues, USD).unwrap()
}

fn market(prices: &[(InstrumentIx, i64)]) -> Market {
    let mut market = Market::new(4);
    for &(ix, price) in prices {
        let quote = Quote {
            ts_event: 1,
            ts_received: 1,
            bid: price,
            ask: price,
            bid_size: 1,
            ask_size: 1,
        };
        market.set_quote(ix, &quote);
    }
    market
}

fn fill(id: u64, side: Side, price: i64, quantity: i64) -> FillEvent {
    FillEvent {
        venue_order_id: VenueKey::Text("x".into()),
        fill_id: VenueKey::Number(id),
        side,
        price,
        quantity,
        cumulative: quantity,
        price_scale: 2,
        size_scale: 0,
        fee: 0,
        fee_currency: USD,
        liquidity: Liquidity::Taker,
        position: 0,
    }
}

fn book_it(books: &mut Books, book: BookIx, ix: InstrumentIx, fill: &FillEvent) -> i128 {
    let event = Event {
        id: 7,
        instrument: ix,
        ts_event: 1,
        ts_received: 2,
        what: What::Filled(Box::new(fill.clone())),
    };
    books.on_fill(book, &event, fill).unwrap()
}

#[derive(Clone, Debug)]
enum Step {
    Fill(BookIx, InstrumentIx, FillEvent),
    Cash(usize, Option<InstrumentIx>, CurrencyIx, i128),
    Split(InstrumentIx, i64, i64),
    /// The fill so many back is busted, or corrected to this price and quantity.
    Undo(usize, Option<(i64, i64)>),
}

prop_compose! {
    fn a_fill()(
        book in 0..BOOKS, ix in 0..4u32, buy in any::<bool>(), terms in (1..200_000i64, 1..90i64),
        fee in -30..90i128, currency in 0..2u16, leg in 0..3usize,
    ) -> Step {
        let side = if buy { Side::Buy } else { Side::Sell };
        let mut filled = fill(0, side, terms.0, terms.1);
        (filled.fee, filled.fee_currency) = (fee, currency);
        filled.position = leg as Symbol; // made a name of the directory in `play`
        Step::Fill(book, ix, filled)
    }
}

fn step() -> impl Strategy<Value = Step> {
    let terms = prop::option::of((1..200_000i64, 1..90i64));
    let cash = (0..2usize, any::<bool>(), 0..2u16, -9_999..9_999i128);
    prop_oneof![
        8 => a_fill(),
        2 => cash.prop_map(|(venue, held, currency, amount)| {
            let ix = (held).then_some([SHARE, PERP][venue]);
            Step::Cash(venue, ix, currency, amount)
        }),
        1 => (prop::sample::select(vec![SHARE, PERP]), 1..5i64, 1..5i64)
            .prop_map(|(ix, up, down)| Step::Split(ix, up, down)),
        2 => (0..6usize, terms).prop_map(|(back, terms)| Step::Undo(back, terms)),
    ]
}

/// Plain ledgers of one book each: what the books must equal.
struct Plain {
    ledgers: Vec<Vec<Ledger>>,
    fills: Vec<(BookIx, InstrumentIx, FillEvent)>,
}

impl Plain {
    fn new(directory: &Directory) -> Self {
        let mut venue: Vec<Ledger> = Vec::new();
        for _ in 0..BOOKS {
            let (codes, items) = (&directory.currencies, &directory.instruments);
            venue.push(Ledger::new(codes.clone(), items.clone(), 1).unwrap());
        }
        venue[0].adjust_cash(0, USD, 1_000_000).unwrap();
        Self {
            ledgers: vec![venue.clone(), venue],
            fills: Vec::new(),
        }
    }

    fn fill(&mut self, book: BookIx, ix: InstrumentIx, fill: &FillEvent) -> i128 {
        let venue = usize::from(ix >= PERP);
        let execution = Execution {
            instrument: ix,
            side: fill.side,
            price: fill.price,
            quantity: fill.quantity,
            fee: fill.fee,
            fee_currency: fill.fee_currency,
        };
        let leg = u64::from(fill.position);
        let account = &mut self.ledgers[venue][0];
        let mut realized = account.apply_fill(0, if venue == HEDGED { leg } else { 0 }, &execution);
        if book != ACCOUNT {
            realized = self.ledgers[venue][book as usize].apply_fill(0, leg, &execution);
        }
        realized.unwrap()
    }
}

/// The same step in both; `names` are the legs' symbols.
fn play(books: &mut Books, plain: &mut Plain, names: &[Symbol; 3], number: usize, step: &Step) {
    match step.clone() {
        Step::Fill(book, ix, mut fill) => {
            fill.fill_id = VenueKey::Number(number as u64);
            let mut named = fill.clone();
            named.position = names[fill.position as usize];
            let realized = book_it(books, book, ix, &named);
            assert_eq!(realized, plain.fill(book, ix, &fill));
            plain.fills.push((book, ix, fill));
        }
        Step::Cash(venue, ix, currency, amount) => {
            books.apply_cash(venue, ix, currency, amount).unwrap();
            let ledgers = &mut plain.ledgers[venue];
            let net = |ledger: &Ledger| ix.map_or(0, |ix| ledger.net_quantity(0, ix));
            let total = net(&ledgers[0]);
            ledgers[0].adjust_cash(0, currency, amount).unwrap();
            for own in &mut ledgers[1..] {
                let share = (amount * net(own)).checked_div(total).unwrap_or(0);
                own.adjust_cash(0, currency, share).unwrap();
            }
        }
        Step::Split(ix, numerator, denominator) => {
            books.apply_split(ix, numerator, denominator).unwrap();
            for own in &mut plain.ledgers[usize::from(ix >= PERP)] {
                own.split(0, ix, numerator, denominator, 0).unwrap();
            }
        }
        Step::Undo(back, terms) => {
            let Some(at) = plain.fills.len().checked_sub(back + 1) else {
                return;
            };
            let (book, ix, mut fill) = plain.fills.remove(at);
            let taken = books.take_back(ix, &fill.fill_id, terms).unwrap().unwrap();
            (fill.side, fill.fee) = (fill.side.opposite(), -fill.fee);
            assert_eq!(taken.opposite.realized, plain.fill(book, ix, &fill));
            (fill.side, fill.fee) = (fill.side.opposite(), -fill.fee);
            assert_eq!(taken.corrected.is_some(), terms.is_some());
            if let (Some(now), Some((price, quantity))) = (taken.corrected, terms) {
                (fill.price, fill.quantity) = (price, quantity);
                assert_eq!(now.realized, plain.fill(book, ix, &fill));
                plain.fills.push((book, ix, fill));
            }
        }
    }
}

fn assert_equal(books: &Books, plain: &Plain) {
    for (venue, ledgers) in plain.ledgers.iter().enumerate() {
        let ours = books.ledger_at(venue);
        for currency in [USD, BTC, EUR] {
            let residuals = ledgers.iter().map(|own| own.residual(currency).0);
            assert_eq!(ours.residual(currency).0, residuals.sum::<i128>());
            for (book, own) in (0..).zip(ledgers) {
                assert_eq!(ours.balance(book, currency), own.balance(0, currency));
                assert_eq!(ours.fees(book, currency), own.fees(0, currency));
            }
        }
        for (book, own) in (0..).zip(ledgers) {
            for ix in 0..4 {
                assert_eq!(ours.net_quantity(book, ix), own.net_quantity(0, ix));
                assert_eq!(ours.realized(book, ix), own.realized(0, ix));
            }
        }
    }
}

fn names(directory: &mut Directory) -> [Symbol; 3] {
    [0, directory.symbol("long"), directory.symbol("short")]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// To the last unit, residuals too: the account as if it were alone, and each strategy.
    #[test]
    fn every_book_is_what_a_ledger_of_its_own_would_be(steps in prop::collection::vec(step(), 1..50)) {
        let mut directory = directory();
        let names = names(&mut directory);
        let (mut books, mut plain) = (books(&directory), Plain::new(&directory));
        let mut split = false;
        for (number, step) in steps.iter().enumerate() {
            play(&mut books, &mut plain, &names, number, step);
            split |= matches!(step, Step::Split(..));
            assert_equal(&books, &plain);
        }
        for ix in 0..4 {
            let foreign = plain.fills.iter().filter(|(book, at, _)| *book == ACCOUNT && *at == ix);
            let signed = foreign.map(|(_, _, fill)| i128::from(fill.side.sign() * fill.quantity));
            prop_assert!(split || books.unallocated(ix) == signed.sum::<i128>());
        }
    }

    /// A snapshot at any point, restored into books of a fresh process, goes on alike.
    #[test]
    fn a_snapshot_restores_everything(
        before in prop::collection::vec(step(), 0..30), after in prop::collection::vec(step(), 0..20),
    ) {
        let mut directory = directory();
        let names = names(&mut directory);
        let (mut one, mut plain) = (books(&directory), Plain::new(&directory));
        for (number, step) in before.iter().enumerate() {
            play(&mut one, &mut plain, &names, number, step);
        }
        let mut fresh = self::directory();
        fresh.symbol("a name that shifts the numbers of all others");
        let mut other = books(&fresh);
        other.restore(&one.snapshot(&directory), &mut fresh).unwrap();
        prop_assert_eq!(one.snapshot(&directory), other.snapshot(&fresh));
        let others = self::names(&mut fresh);
        let mut again = Plain { ledgers: plain.ledgers.clone(), fills: plain.fills.clone() };
        for (number, step) in after.iter().enumerate() {
            play(&mut one, &mut plain, &names, 100 + number, step);
            play(&mut other, &mut again, &others, 100 + number, step);
        }
        prop_assert_eq!(one.digest(&directory), other.digest(&fresh));
        prop_assert_eq!(one.held(), other.held());
        for (book, ix) in (0..BOOKS).flat_map(|book| (0..4).map(move |ix| (book, ix))) {
            prop_assert_eq!(one.position(book, ix), other.position(book, ix));
        }
    }

    /// Taking back every fill, in any order, returns to flat books with the fees, the delivered cash
    /// and, with the residual, every balance as before. What was realised in between stays counted
    /// per instrument only as rounding: a margined profit is settled fill by fill.
    #[test]
    fn undoing_every_fill_returns_to_the_start(
        fills in prop::collection::vec(a_fill(), 1..30), seed in any::<prop::sample::Index>(),
    ) {
        let mut directory = directory();
        let names = names(&mut directory);
        let (mut books, mut plain) = (books(&directory), Plain::new(&directory));
        for (number, step) in fills.iter().enumerate() {
            play(&mut books, &mut plain, &names, number, step);
        }
        while !plain.fills.is_empty() {
            let back = seed.index(plain.fills.len());
            play(&mut books, &mut plain, &names, 0, &Step::Undo(back, None));
        }
        for venue in [NETTED, HEDGED] {
            let ledger = books.ledger_at(venue);
            for currency in [USD, BTC] {
                let (residual, scale) = ledger.residual(currency);
                let fine = 10i128.pow(u32::from(scale - directory.currencies[usize::from(currency)].1));
                let start = if currency == USD { 1_000_000 } else { 0 };
                let total: i128 = (0..BOOKS).map(|book| ledger.balance(book, currency)).sum();
                prop_assert_eq!(total * fine + residual, start * fine);
                for book in 0..BOOKS {
                    prop_assert_eq!(ledger.fees(book, currency), 0);
                    let start = if book == ACCOUNT { start } else { 0 };
                    prop_assert!(venue == HEDGED || ledger.balance(book, currency) == start);
                }
            }
        }
        for (book, ix) in (0..BOOKS).flat_map(|book| (0..4).map(move |ix| (book, ix))) {
            prop_assert_eq!(books.position(book, ix), 0);
            prop_assert!(!books.ledger(ix).unwrap().is_open(book, ix));
        }
    }

    /// A damaged snapshot is refused and changes nothing; no bytes make it panic.
    #[test]
    fn a_damaged_snapshot_is_refused(
        steps in prop::collection::vec(step(), 1..10), at in any::<prop::sample::Index>(),
        flip in 1..=255u8, cut in any::<bool>(), resealed in any::<bool>(),
    ) {
        let mut directory = directory();
        let names = names(&mut directory);
        let (mut books, mut plain) = (books(&directory), Plain::new(&directory));
        for (number, step) in steps.iter().enumerate() {
            play(&mut books, &mut plain, &names, number, step);
        }
        let before = books.digest(&directory);
        let mut bytes = books.snapshot(&directory);
        let at = at.index(bytes.len() - 32);
        if cut { bytes.truncate(at) } else { bytes[at] ^= flip }
        if resealed {
            bytes.truncate(bytes.len().saturating_sub(32));
            let sum = blake3::hash(&bytes);
            bytes.extend(sum.as_bytes());
            let _ = books.restore(&bytes, &mut directory);
        } else {
            prop_assert_eq!(books.restore(&bytes, &mut directory), Err(SnapshotError::Damaged));
            prop_assert_eq!(books.digest(&directory), before);
        }
    }
}

mod cases;

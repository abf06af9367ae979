//! Single cases: values, refusals, what is remembered.
#![expect(clippy::inconsistent_digit_grouping, reason = "cents stand apart")]

use super::*;

#[test]
fn equity_is_cash_plus_what_is_held_at_the_price_that_closes_it() {
    let directory = directory();
    let mut books = books(&directory);
    let mut bought = fill(1, Side::Buy, 100_00, 10);
    bought.fee = 1_00;
    book_it(&mut books, 1, SHARE, &bought);
    let missing = books.equity(&market(&[])).unwrap_err();
    assert_eq!(missing, Unvalued::NoPrice(SHARE));
    assert!(missing.is_missing());
    assert_eq!(missing.text(&directory, USD), "SHARE.A has no price yet");
    let market = market(&[(SHARE, 110_00)]);
    assert_eq!(books.equity(&market), Ok(2_000_000 - 1_00 + 100_00));
    assert_eq!(books.book_equity(1, &market), Ok(-1_00 + 100_00));
    assert_eq!(
        books.unrealized_by_currency(1, &market),
        Ok(vec![(USD, 100_00)])
    );
    assert_eq!(books.realized_by_currency(2), Ok(vec![(USD, 0)]));
}

#[test]
fn another_currency_is_converted_at_the_mid_and_rounded_half_to_even() {
    let directory = directory();
    let mut books = books(&directory);
    books.apply_cash(NETTED, None, BTC, 25_000_000).unwrap();
    let missing = books.equity(&market(&[])).unwrap_err();
    let text = "BTCUSD.A has no price that converts BTC";
    assert_eq!(missing.text(&directory, USD), text);
    assert!(books.equity(&market(&[(SPOT, 0)])).is_err());
    for (price, cents) in [(60_000_00, 15_000_00), (10, 2), (14, 4), (11, 3)] {
        let market = market(&[(SPOT, price)]);
        assert_eq!(books.equity(&market), Ok(2_000_000 + cents));
    }
}

#[test]
fn a_rate_can_be_inverted_and_go_over_a_third_currency() {
    let mut directory = directory();
    let euro = Instrument {
        base: Some(EUR),
        price_scale: 4,
        ..instrument("EURUSD.A")
    };
    directory.instruments.push(euro);
    let mut prices = market(&[(SPOT, 60_000_00)]).clone();
    assert_eq!(prices.len(), 4);
    prices = Market::new(5);
    for (ix, price) in [(SPOT, 60_000_00), (4, 1_2500)] {
        let quote = Quote {
            ts_event: 1,
            ts_received: 1,
            bid: price,
            ask: price,
            bid_size: 1,
            ask_size: 1,
        };
        prices.set_quote(ix, &quote);
    }
    let rates = super::rates::Rates::new(&directory, EUR);
    assert_eq!(rates.convert(&prices, 10_00, USD), Ok(8_00));
    assert_eq!(rates.convert(&prices, 1_00000000, BTC), Ok(48_000_00));
    assert_eq!(rates.convert(&prices, -7, EUR), Ok(-7));
    let rates = super::rates::Rates::new(&super::directory(), USD);
    let none = rates.convert(&prices, 0, EUR).unwrap_err();
    assert!(!none.is_missing());
    let text = "there is no rate from EUR to USD";
    assert_eq!(none.text(&directory, USD), text);
}

#[test]
fn an_instrument_once_held_needs_its_currency_to_be_convertible() {
    let directory = directory();
    let mut books = books(&directory);
    for side in [Side::Buy, Side::Sell] {
        book_it(&mut books, 1, INVERSE, &fill(1, side, 50_000_00, 3));
    }
    assert!(books.equity(&market(&[])).is_err());
    assert_eq!(books.equity(&market(&[(SPOT, 1)])), Ok(2_000_000));
}

#[test]
fn fees_in_the_coin_leave_whole_lots() {
    let directory = directory();
    let mut books = books(&directory);
    let mut bought = fill(1, Side::Buy, 100_00, 1_000);
    (bought.fee, bought.fee_currency) = (1, BTC);
    book_it(&mut books, 2, SPOT, &bought);
    assert_eq!(books.position(2, SPOT), 990);
    assert_eq!(books.account_position(SPOT), 990);
    assert_eq!((books.filled(2, SPOT), books.position(1, SPOT)), (1_000, 0));
    books.take_back(SPOT, &VenueKey::Number(1), None).unwrap();
    assert!(!books.paid_in_coin(2, SPOT));
}

#[test]
fn an_error_in_the_strategys_book_leaves_the_account_alone() {
    let directory = directory();
    let mut books = books(&directory);
    let far = i64::MAX - 10;
    book_it(&mut books, 1, PERP, &fill(1, Side::Buy, 1, far));
    book_it(&mut books, 2, PERP, &fill(2, Side::Sell, 1, far));
    let before = books.digest(&directory);
    let more = fill(3, Side::Buy, 1, 100);
    assert!(books.apply_fill(1, PERP, &more).is_err());
    let none = fill(4, Side::Buy, 1, 0);
    assert!(books.apply_fill(1, PERP, &none).is_err());
    let corrected = books.take_back(PERP, &VenueKey::Number(2), Some((1, 0)));
    assert!(corrected.is_err());
    assert!(books.apply_split(PERP, 3, 1).is_err());
    assert_eq!(books.digest(&directory), before);
}

#[test]
fn a_fill_where_there_is_no_account_is_refused() {
    let directory = directory();
    let mut books = Books::new(&directory, vec![], USD).unwrap();
    assert!(
        books
            .apply_fill(1, SHARE, &fill(1, Side::Buy, 1, 1))
            .is_err()
    );
    assert_eq!(
        (books.position(1, SHARE), books.equity(&market(&[]))),
        (0, Ok(0))
    );
}

#[test]
fn a_fill_is_taken_back_as_it_stands_once_and_within_reach() {
    let directory = directory();
    let mut books = books(&directory);
    let first = VenueKey::Number(0);
    book_it(&mut books, 1, SHARE, &fill(0, Side::Buy, 100_00, 10));
    let taken = books.take_back(SHARE, &first, Some((101_00, 7))).unwrap();
    let booked = taken.unwrap().corrected.unwrap();
    assert_eq!(
        (booked.book, booked.event.id, booked.event.ts_event),
        (1, 7, 1)
    );
    assert_eq!(books.position(1, SHARE), 7);
    assert!(books.take_back(PERP, &first, None).unwrap().is_none());
    for number in 1..REMEMBERED as u64 {
        book_it(&mut books, 1, SHARE, &fill(number, Side::Buy, 100_00, 1));
    }
    let last = VenueKey::Number(1);
    assert!(books.take_back(SHARE, &last, None).unwrap().is_some());
    assert!(books.take_back(SHARE, &last, None).unwrap().is_none());
    for number in [REMEMBERED as u64, REMEMBERED as u64 + 1] {
        book_it(&mut books, 1, SHARE, &fill(number, Side::Buy, 100_00, 1));
    }
    assert!(books.take_back(SHARE, &first, None).unwrap().is_none());
}

#[test]
fn a_snapshot_of_other_names_or_of_a_newer_version_is_refused() {
    let mut directory = directory();
    let mut books = books(&directory);
    let mut renamed = directory.clone();
    renamed.books[1] = "z".to_owned();
    let theirs = self::books(&renamed).snapshot(&renamed);
    let refused = books.restore(&theirs, &mut directory);
    assert_eq!(refused, Err(SnapshotError::OtherLists));
    let mut newer = books.snapshot(&directory);
    newer.truncate(newer.len() - 32);
    newer[4] = 9;
    let sum = blake3::hash(&newer);
    newer.extend(sum.as_bytes());
    let refused = books.restore(&newer, &mut directory);
    assert_eq!(refused, Err(SnapshotError::TooNew(9)));
}

use super::super::transitions::{answers, next};
use super::super::{Ask, FillState, Fills, Kind, KnownFill, NewTerms, RequestKind};
use super::*;

const KINDS: [Kind; Kind::COUNT] = [
    Kind::Denied,
    Kind::NotSent,
    Kind::Submitted,
    Kind::Accepted,
    Kind::Rejected,
    Kind::Triggered,
    Kind::Filled,
    Kind::Canceled,
    Kind::Expired,
    Kind::Replaced,
    Kind::CancelRejected,
    Kind::ReplaceRejected,
    Kind::Unknown,
    Kind::Busted,
    Kind::Corrected,
];

/// The tables as `docs/reference/order-states.md` shows them.
fn rendered() -> String {
    let mut page = String::from("| event |");
    for status in OrderStatus::ALL {
        page += &format!(" `{}` |", status.word());
    }
    page += &format!("\n|---|{}\n", "---|".repeat(OrderStatus::COUNT));
    for kind in KINDS {
        page += &format!("| `{}` |", kind.name());
        for status in OrderStatus::ALL {
            let cell = match next(kind, status) {
                None => "–",
                Some(after) if after == status => "·",
                Some(after) => after.word(),
            };
            page += &format!(" {cell} |");
        }
        page += "\n";
    }
    page += "| event | `submit` | `cancel` | `replace` |\n|---|---|---|---|\n";
    for kind in KINDS.into_iter().filter(|&kind| !answers(kind).is_empty()) {
        page += &format!("| `{}` |", kind.name());
        for request in [
            RequestKind::Submit,
            RequestKind::Cancel,
            RequestKind::Replace,
        ] {
            let resolved = answers(kind).contains(&request);
            page += if resolved { " resolved |" } else { " · |" };
        }
        page += "\n";
    }
    page
}

#[test]
fn the_page_shows_the_tables_of_the_code() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../docs/reference/order-states.md"
    );
    let page = std::fs::read_to_string(path).unwrap();
    let rows = page.lines().filter(|line| line.starts_with('|'));
    let shown: String = rows.map(|line| format!("{line}\n")).collect();
    assert_eq!(shown, rendered());
}

#[test]
fn every_kind_and_status_stands_in_the_table_at_its_own_number() {
    for (number, kind) in KINDS.into_iter().enumerate() {
        assert_eq!(kind as usize, number);
    }
    for (number, status) in OrderStatus::ALL.into_iter().enumerate() {
        assert_eq!(status as usize, number);
        // A fill is booked in every status but one: denied and unsent orders included.
        assert!(next(Kind::Filled, status).is_some());
        for kind in KINDS {
            let stays = next(kind, status).is_none_or(|after| after == status);
            assert!(stays || !status.is_terminal(), "{kind:?} after {status:?}");
        }
    }
}

#[test]
fn fills_at_the_edge_of_the_numbers_are_booked_and_never_wrap() {
    let names = names();
    let mut order = order_after([What::Submitted, accepted()]);
    for (id, booked) in [(1, 1), (2, 2), (3, 3)] {
        let outcome = order.apply(&event(1, fill(i64::MAX, id, i64::MAX)), &names);
        assert_eq!(outcome, Outcome::Alarm);
        assert_eq!(order.filled, booked * i128::from(i64::MAX));
    }
    assert_eq!(order.claimed, order.filled);
    assert_eq!(
        (order.leaves(), order.exposure(), order.missing()),
        (0, 0, 0)
    );
    let bust = What::Busted {
        fill_id: VenueKey::Number(2),
        reason: "erroneous".into(),
    };
    assert_eq!(order.apply(&event(1, bust), &names), Outcome::Applied);
    assert_eq!(order.filled, 2 * i128::from(i64::MAX));
}

#[test]
fn claims_at_the_edge_of_the_numbers_show_as_missing() {
    let names = names();
    let mut order = order_after([What::Submitted, accepted(), canceled(i64::MAX)]);
    assert_eq!(order.exposure(), i128::from(i64::MAX));
    assert_eq!(
        order.apply(&event(1, canceled(i64::MIN)), &names),
        Outcome::Illegal
    );
    let outcome = order.apply(&event(1, fill(4, 1, i64::MIN)), &names);
    assert_eq!((outcome, order.filled), (Outcome::Applied, 4));
    assert_eq!(order.missing(), i128::from(i64::MAX) - 4);
}

#[test]
fn the_worst_case_takes_the_larger_terms_whatever_they_are() {
    let mut order = order_after([What::Submitted, accepted()]);
    for (asked, worst) in [(i64::MAX, i64::MAX), (i64::MIN, SIZE), (3, SIZE)] {
        let terms = NewTerms {
            quantity: Some(asked),
            ..NewTerms::default()
        };
        assert_eq!(order.request(&Ask::Replace(terms)), Ok(()));
        assert_eq!(
            (order.worst(), order.exposure()),
            (worst, i128::from(worst))
        );
        order.replace_request = None;
    }
}

#[test]
fn one_of_many_fills_is_found_and_they_keep_their_order() {
    let mut fills = Fills::default();
    for number in (0..100).rev() {
        let fill = KnownFill {
            price: 1,
            quantity: number,
            state: FillState::Booked,
        };
        let id = VenueKey::parse(&format!("f{number}"));
        assert_eq!(fills.get(&id), None);
        fills.push(id, fill);
    }
    for number in 0..100 {
        let id = VenueKey::parse(&format!("f{number}"));
        assert_eq!(fills.get(&id).unwrap().quantity, number);
        fills.get_mut(&id).unwrap().price = number;
        assert_eq!(fills.get(&id).unwrap().price, number);
    }
    let order: Vec<_> = fills.iter().map(|(_, fill)| fill.quantity).collect();
    assert_eq!(order, (0..100).rev().collect::<Vec<_>>());
    assert_eq!(fills.len(), 100);
}

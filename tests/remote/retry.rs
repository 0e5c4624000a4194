//! When a failed attempt is followed by another, and after how long.

use std::time::Duration;

use rerank_wasm::error::{Error, ErrorKind, ProviderCode};
use rerank_wasm::http::{HttpReply, ReplyBody};
use rerank_wasm::remote::retry::Decision::{GiveUp, RetryIn};
use rerank_wasm::remote::retry::{Decision, RetryPolicy, decide, limit_wait, told_wait};

/// Sunday, 6 November 1994, 08:49:37 GMT: RFC 9110's own example.
const NOW_MS: f64 = 784_111_777_000.0;

#[derive(Debug)]
struct Case {
    kind: ErrorKind,
    code: f64,
    attempt: u32,
    retryable: bool,
    told_ms: Option<u64>,
    deadline_in_ms: Option<f64>,
    random: f64,
    expect: Decision,
}

const PLAIN: Case = Case {
    kind: ErrorKind::ProviderUnavailable,
    code: 0.0,
    attempt: 1,
    retryable: true,
    told_ms: None,
    deadline_in_ms: None,
    random: 0.0,
    expect: GiveUp,
};

fn in_ms(milliseconds: u64) -> Decision {
    RetryIn(Duration::from_millis(milliseconds))
}

#[track_caller]
fn check(retries: u32, case: &Case) {
    let mut error = Error::new(case.kind, "for now")
        .with_retryable(case.retryable)
        .with_provider_code(ProviderCode::Number(case.code));
    if let Some(told) = case.told_ms {
        error = error.with_retry_after(Duration::from_millis(told));
    }
    let policy = RetryPolicy { retries, deadline: case.deadline_in_ms.map(|wait| NOW_MS + wait) };
    assert_eq!(decide(&policy, case.attempt, &error, NOW_MS, case.random), case.expect, "{case:?}");
}

#[test]
fn waits_double_to_eight_seconds_and_chance_shortens_them() {
    let waits = [500, 1000, 2000, 4000, 8000, 8000, 8000];
    for (attempt, wait) in (1..).zip(waits) {
        check(99, &Case { attempt, expect: in_ms(wait), ..PLAIN });
        check(99, &Case { attempt, random: 0.999_999, expect: in_ms(wait * 3 / 4), ..PLAIN });
    }
    check(u32::MAX, &Case { attempt: 4_000_000_000, expect: in_ms(8000), ..PLAIN });
}

#[test]
fn limits_over_minutes_are_waited_for_longer_than_limits_over_a_second() {
    let limited = Case { kind: ErrorKind::RateLimited, ..PLAIN };
    for code in [0.0, 336_501.0, 336_502.0] {
        for (attempt, wait) in (1..).zip([4000, 8000, 16_000, 32_000, 32_000]) {
            check(99, &Case { attempt, code, expect: in_ms(wait), ..limited });
            check(99, &Case { attempt, code, random: 0.999_999, expect: in_ms(wait * 3 / 4), ..limited });
        }
        check(2, &Case { code, told_ms: Some(10), expect: in_ms(10), ..limited });
        check(2, &Case { code, deadline_in_ms: Some(4000.0), expect: GiveUp, ..limited });
        check(2, &Case { code, deadline_in_ms: Some(4001.0), expect: in_ms(4000), ..limited });
    }
    for code in [4.0, 18.0] {
        check(2, &Case { code, expect: in_ms(500), ..limited });
    }
}

#[test]
fn a_limit_that_is_used_up_is_waited_for() {
    type Headers = &'static [(&'static str, &'static str)];
    let cases: [(Headers, Option<u64>); 15] = [
        (&[], None),
        (&[("x-ratelimit-remaining-requests", "5"), ("x-ratelimit-remaining-tokens", "100")], None),
        (&[("x-ratelimit-remaining-requests", "0")], Some(30_000)),
        (&[("x-ratelimit-remaining-tokens", "0"), ("x-ratelimit-remaining-requests", "7")], Some(30_000)),
        (&[("x-ratelimit-remaining-requests", "0"), ("x-ratelimit-reset-requests", "12")], Some(12_000)),
        (&[("x-ratelimit-remaining-requests", "0"), ("x-ratelimit-reset-requests", "1m30s")], Some(90_000)),
        (&[("x-ratelimit-remaining-requests", "0"), ("x-ratelimit-reset-requests", "250ms")], Some(250)),
        (&[("x-ratelimit-remaining-requests", "0"), ("x-ratelimit-reset-requests", "6m0.5s")], Some(360_000)),
        (&[("x-ratelimit-remaining-requests", "0"), ("x-ratelimit-reset-requests", "soon")], Some(30_000)),
        (&[("x-ratelimit-remaining-requests", "0"), ("x-ratelimit-reset-requests", "99999999999999h")], Some(30_000)),
        (&[("x-ratelimit-remaining-requests", "3"), ("x-ratelimit-reset-requests", "12")], None),
        (
            &[
                ("x-ratelimit-remaining-requests", "0"),
                ("x-ratelimit-reset-requests", "2s"),
                ("x-ratelimit-remaining-tokens", "0"),
                ("x-ratelimit-reset-tokens", "1h"),
            ],
            Some(3_600_000),
        ),
        (&[("x-ratelimit-reset", "5")], Some(5000)),
        (&[("x-ratelimit-reset", "784111787")], Some(784_111_787_000)),
        (&[("x-ratelimit-reset", "1700000000")], Some(915_888_223_000)),
    ];
    for (headers, expected) in cases {
        let headers: Vec<_> = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let reply = HttpReply { status: 429, headers, body: ReplyBody::Other { size: 0 } };
        assert_eq!(limit_wait(&reply, NOW_MS), expected.map(Duration::from_millis), "{reply:?}");
    }
}

#[test]
fn retries_end_and_what_cannot_help_is_not_tried() {
    check(2, &Case { attempt: 2, expect: in_ms(1000), ..PLAIN });
    check(2, &Case { attempt: 3, expect: GiveUp, ..PLAIN });
    check(0, &Case { expect: GiveUp, ..PLAIN });
    check(2, &Case { retryable: false, expect: GiveUp, ..PLAIN });
    check(2, &Case { retryable: false, told_ms: Some(1), expect: GiveUp, ..PLAIN });
}

#[test]
fn a_wait_the_service_asks_for_is_kept_up_to_a_minute() {
    check(2, &Case { told_ms: Some(2000), random: 0.9, expect: in_ms(2000), ..PLAIN });
    check(2, &Case { told_ms: Some(0), expect: in_ms(0), ..PLAIN });
    check(2, &Case { told_ms: Some(60_000), expect: in_ms(60_000), ..PLAIN });
    check(2, &Case { told_ms: Some(60_001), expect: GiveUp, ..PLAIN });
}

#[test]
fn nothing_is_waited_for_beyond_the_deadline() {
    check(2, &Case { deadline_in_ms: Some(501.0), expect: in_ms(500), ..PLAIN });
    check(2, &Case { deadline_in_ms: Some(500.0), expect: GiveUp, ..PLAIN });
    check(2, &Case { deadline_in_ms: Some(1500.0), told_ms: Some(2000), expect: GiveUp, ..PLAIN });
}

#[test]
fn the_wait_is_read_from_seconds_milliseconds_and_dates() {
    let cases = [
        ("retry-after", "2", Some(2000)),
        ("retry-after", " 0 ", Some(0)),
        ("retry-after", "1.5", Some(1000)),
        ("retry-after-ms", "30", Some(30)),
        ("retry-after-ms", "30.7", Some(30)),
        ("retry-after", "Sun, 06 Nov 1994 08:49:40 GMT", Some(3000)),
        ("retry-after", "Sun, 06 Nov 1994 08:49:37 GMT", Some(0)),
        ("retry-after", "Sat, 05 Nov 1994 08:49:37 GMT", Some(0)),
        ("retry-after", "Wed, 01 Mar 1995 00:00:00 GMT", Some(9_904_223_000)),
        ("retry-after", "Thu, 29 Feb 1996 12:00:00 GMT", Some(41_483_423_000)),
        ("retry-after", "-1", None),
        ("retry-after", "soon", None),
        ("retry-after", "", None),
        ("retry-after", "1e3", None),
        ("retry-after", "Sun, 06 Nov 1994 08:49:40", None),
        ("retry-after", "Sun, 06 Nov 99999999999999 08:49:40 GMT", None),
        ("retry-after", "Sun, 06 Nov 1994 9223372036854775807:00:00 GMT", None),
        ("retry-after", "99999999999999999999999", None),
        ("retry-after", "Sun, 06 Foo 1994 08:49:40 GMT", None),
        ("retry-after", "Sun Nov  6 08:49:40 1994", Some(3000)),
        ("retry-after", "Sunday, 06-Nov-94 08:49:40 GMT", Some(3_155_760_003_000)),
        ("x-other", "2", None),
    ];
    for (name, value, expected) in cases {
        let headers = vec![(name.to_owned(), value.to_owned())];
        let reply = HttpReply { status: 429, headers, body: ReplyBody::Other { size: 0 } };
        assert_eq!(told_wait(&reply, NOW_MS), expected.map(Duration::from_millis), "{name}: {value}");
    }
}

#[test]
fn milliseconds_win_over_seconds() {
    let headers = vec![("retry-after".into(), "5".into()), ("retry-after-ms".into(), "70".into())];
    let reply = HttpReply { status: 429, headers, body: ReplyBody::Other { size: 0 } };
    assert_eq!(told_wait(&reply, NOW_MS), Some(Duration::from_millis(70)));
}

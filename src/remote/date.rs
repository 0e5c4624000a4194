//! Dates as HTTP writes them, and as Qianfan's signature does; all in milliseconds since 1970, UTC.

use crate::http::whole_number;
use crate::remote::pieces::pieces;
use crate::text::text;

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Milliseconds since 1970 of a date in any of HTTP's three forms
/// ([RFC 9110 §5.6.7](https://www.rfc-editor.org/rfc/rfc9110#section-5.6.7)):
/// `Sun, 06 Nov 1994 08:49:37 GMT`, `Sunday, 06-Nov-94 08:49:37 GMT`, `Sun Nov  6 08:49:37 1994`.
pub fn from_http(value: &str) -> Option<f64> {
    let mut words = Vec::new();
    for word in pieces(value, b" -,:") {
        if !word.is_empty() {
            words.push(word);
        }
    }
    // The first word is the day of the week, which the others imply.
    let (month, words) = match words.as_slice() {
        [_, day, month, year, hour, minute, second, "GMT"] => (*month, [*year, *day, *hour, *minute, *second]),
        [_, month, day, hour, minute, second, year] => (*month, [*year, *day, *hour, *minute, *second]),
        _ => return None,
    };
    let month = MONTHS.iter().position(|name| *name == month)? as i64;
    let mut numbers = [0; 5];
    for (number, word) in numbers.iter_mut().zip(words) {
        *number = whole_number(word).filter(|number| *number < 10_000)? as i64;
    }
    let [mut year, day, hour, minute, second] = numbers;
    if year < 100 {
        // Two digits: of this century, as all servers of today mean it.
        year += 2000;
    }
    if year < 1970 || !(1..=31).contains(&day) || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let seconds = days_since_1970(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second;
    Some(seconds as f64 * 1000.0)
}

/// `2014-06-13T05:57:36Z` of milliseconds since 1970; parts of a second are dropped.
pub fn to_utc(milliseconds: f64) -> String {
    let seconds = (milliseconds / 1000.0) as i64;
    let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    // The year whose 1 January is not after the day: a guess that is at most one too late.
    let mut year = 1970 + (days + 365) / 365;
    while days_since_1970(year, 0, 1) > days {
        year -= 1;
    }
    let month = (1..12).take_while(|month| days_since_1970(year, *month, 1) <= days).count() as i64;
    let day = days - days_since_1970(year, month, 1) + 1;
    let two = |number: i64| text![number / 10, number % 10];
    let (hour, minute, second) = (two(second / 3600), two(second / 60 % 60), two(second % 60));
    text![year, "-", two(month + 1), "-", two(day), "T", hour, ":", minute, ":", second, "Z"]
}

/// Days to the `day` (from 1) of `month` (from 0), Gregorian. Years begin in March here, so that a leap day comes last.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month < 2 { (year - 1, month + 10) } else { (year, month - 2) };
    let days_before_month = (153 * month + 2) / 5;
    let leap_days = year / 4 - year / 100 + year / 400;
    // 719_469: from 1 March of the year 0 to 1 January 1970, and one more since `day` counts from 1.
    365 * year + leap_days + days_before_month + day - 719_469
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_three_forms_of_http_are_one_moment() {
        for value in ["Sun, 06 Nov 1994 08:49:37 GMT", "Sun Nov  6 08:49:37 1994", "Sun Nov 06 08:49:37 1994"] {
            assert_eq!(from_http(value), Some(784_111_777_000.0), "{value}");
        }
        assert_eq!(from_http("Saturday, 21-Nov-26 23:10:31 GMT"), from_http("Sat, 21 Nov 2026 23:10:31 GMT"));
        for value in ["Sun Nov 6 08:49:37 1994 GMT", "Sun, 06 Nov 1994 08:49:37", "Sun Nov 6 1994", "6", ""] {
            assert_eq!(from_http(value), None, "{value}");
        }
    }

    #[test]
    fn what_is_written_reads_back() {
        assert_eq!(to_utc(1_402_639_056_000.0), "2014-06-13T05:57:36Z");
        assert_eq!(to_utc(0.0), "1970-01-01T00:00:00Z");
        assert_eq!(to_utc(951_782_400_999.0), "2000-02-29T00:00:00Z");
        // Each day of sixty years, at another second of the day.
        for day in 0..22_000_i64 {
            let seconds = day * 86_400 + day * 7919 % 86_400;
            let written = to_utc(seconds as f64 * 1000.0);
            let (date, time) = written.trim_end_matches('Z').split_once('T').expect("a T");
            let mut numbers = date.split('-').map(|word| word.parse::<i64>().expect("a number"));
            let (year, month, day) = (numbers.next(), numbers.next(), numbers.next());
            let month = MONTHS[month.expect("a month") as usize - 1];
            let http = format!("Day, {} {month} {} {time} GMT", day.expect("a day"), year.expect("a year"));
            assert_eq!(from_http(&http), Some(seconds as f64 * 1000.0), "{written}");
        }
    }
}

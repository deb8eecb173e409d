//! The modification time that every entry of a zip gets, so that the clock does not change its bytes.

use anyhow::Result;
use time::OffsetDateTime;

use lambda_zip_error::{ErrorKind, Failure};

/// A UTC date and time as a zip stores it: from 1980 to 2107, in steps of two seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ModificationTime {
    date: u16,
    time: u16,
}

impl ModificationTime {
    /// 1980-01-01 00:00:00, the earliest that a zip can store.
    pub const EARLIEST: Self = Self { date: 1 << 5 | 1, time: 0 };

    /// The time that is this many seconds after 1970-01-01 00:00:00 UTC, as in the environment variable
    /// `SOURCE_DATE_EPOCH`. A time before 1980 becomes [`Self::EARLIEST`]. A time after 2107 is a failure of kind
    /// [`ErrorKind::Usage`].
    pub fn from_epoch(seconds: u64) -> Result<Self> {
        let moment = i64::try_from(seconds).ok().and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok());
        let Some(moment) = moment.filter(|moment| moment.year() <= 2107) else {
            let message = format!("{seconds} seconds after 1970 is out of range for a zip (1980 to 2107)");
            return Err(Failure::new(ErrorKind::Usage, message)
                .hint("set `SOURCE_DATE_EPOCH` to seconds, not milliseconds")
                .into());
        };
        let Some(year) = u16::try_from(moment.year() - 1980).ok() else {
            return Ok(Self::EARLIEST);
        };
        Ok(Self {
            date: year << 9 | u16::from(u8::from(moment.month())) << 5 | u16::from(moment.day()),
            time: u16::from(moment.hour()) << 11 | u16::from(moment.minute()) << 5 | u16::from(moment.second() / 2),
        })
    }

    /// The date as the container encodes it.
    pub(super) fn date(self) -> u16 {
        self.date
    }

    /// The time of day as the container encodes it.
    pub(super) fn time(self) -> u16 {
        self.time
    }
}

impl Default for ModificationTime {
    fn default() -> Self {
        Self::EARLIEST
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_before_1980_becomes_1980() {
        assert_eq!(ModificationTime::EARLIEST, ModificationTime { date: 0x0021, time: 0 });
        for seconds in [0, 1, 315_532_799, 315_532_800, 315_532_801] {
            assert_eq!(ModificationTime::from_epoch(seconds).unwrap(), ModificationTime::EARLIEST, "{seconds}");
        }
    }

    #[test]
    fn the_resolution_is_two_seconds() {
        let time = ModificationTime::from_epoch(315_532_802).unwrap();
        assert_eq!(time, ModificationTime { date: 0x0021, time: 1 });
    }

    #[test]
    fn a_date_is_encoded_as_in_dos() {
        // 2024-02-29 13:37:43 UTC
        let time = ModificationTime::from_epoch(1_709_213_863).unwrap();
        assert_eq!((time.date >> 9, time.date >> 5 & 15, time.date & 31), (44, 2, 29));
        assert_eq!((time.time >> 11, time.time >> 5 & 63, time.time & 31), (13, 37, 21));
    }

    #[test]
    fn a_time_after_2107_is_refused() {
        let last = ModificationTime::from_epoch(4_354_819_199).unwrap();
        assert_eq!((last.date >> 9, last.date >> 5 & 15, last.date & 31), (127, 12, 31));
        assert_eq!((last.time >> 11, last.time >> 5 & 63, last.time & 31), (23, 59, 29));
        for seconds in [4_354_819_200, 1_700_000_000_000, u64::MAX] {
            let error = ModificationTime::from_epoch(seconds).unwrap_err();
            assert_eq!(lambda_zip_error::exit_code(&error), 2);
        }
    }
}

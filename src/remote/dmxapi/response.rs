//! The reply as DMXAPI's page documents it: a document comes back as `{ text }`, on sister services as a bare string.

use crate::error::Result;
use crate::json::Json;
use crate::remote::answer::{self, Answer};
use crate::remote::split::Part;

pub(super) fn decode(part: &Part<'_>, reply: &Json) -> Result<Answer> {
    answer::read(part, reply, |document| document.get("text").unwrap_or(document).as_str())
}

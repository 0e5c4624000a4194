//! The reply as Qianfan's pages document it. A document always comes back, as a bare string; `object` is documented as
//! `rerank_list` and shown as `reranker_list`, so it is not looked at.

use crate::error::Result;
use crate::json::Json;
use crate::remote::answer::{self, Answer};
use crate::remote::split::Part;

pub(super) fn decode(part: &Part<'_>, reply: &Json) -> Result<Answer> {
    answer::read(part, reply, Json::as_str)
}

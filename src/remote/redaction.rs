//! Whether a service's words repeat what was sent. Errors end in logs; keys, queries and documents must not.

/// Bytes in a row that words may share with query or documents: four Han characters, or two English words.
const SHARED_RUN: usize = 12;
/// Bytes in a row that words may share with a key: services that mask keys leave about this much at each end.
const SHARED_KEY_RUN: usize = 6;
/// Shorter queries and documents are in any sentence: two Han characters or four letters count.
const SHORTEST: usize = 4;

/// What was sent and must not come back in an error.
pub(crate) struct Private<'a> {
    /// Keys, tokens, signatures.
    pub(crate) secrets: &'a [&'a str],
    pub(crate) query: &'a str,
    pub(crate) documents: &'a [String],
}

impl Private<'_> {
    /// Whether `words` repeat none of it.
    pub(crate) fn spares(&self, words: &str) -> bool {
        let secret = self.secrets.iter().any(|secret| shares(words, secret, SHARED_KEY_RUN));
        let document = || self.documents.iter().any(|document| shares(words, document, SHARED_RUN));
        !secret && !shares(words, self.query, SHARED_RUN) && !document()
    }
}

/// Whether `words` hold all of `sent`, or `run` bytes in a row of it.
fn shares(words: &str, sent: &str, run: usize) -> bool {
    let (words, sent) = (words.as_bytes(), sent.trim().as_bytes());
    if sent.len() < run {
        return sent.len() >= SHORTEST && words.windows(sent.len()).any(|window| window == sent);
    }
    // A document may be a megabyte: only its runs that begin like one of the (short) words' are compared.
    let mut begins = vec![false; 1 << 16];
    for window in words.windows(run) {
        if let Some(met) = begins.get_mut(beginning(window)) {
            *met = true;
        }
    }
    let met = |run: &&[u8]| begins.get(beginning(run)) == Some(&true);
    sent.windows(run).filter(met).any(|sent| words.windows(run).any(|window| window == sent))
}

fn beginning(run: &[u8]) -> usize {
    run.iter().take(4).fold(0, |hash, byte| (hash * 31 + usize::from(*byte)) & 0xffff)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(words: &str, spared: bool) {
        let documents = ["维生素C对感冒的预防效果存在争议".to_owned(), "a document about vitamins".to_owned()];
        let private = Private { secrets: &["sk-0123456789abcdef"], query: "如何预防感冒", documents: &documents };
        assert_eq!(private.spares(words), spared, "{words}");
    }

    #[test]
    fn words_that_repeat_what_was_sent_are_told_from_words_that_do_not() {
        check("Open api qps request limit reached", true);
        check("当前分组上游负载已饱和", true);
        check("no results for 如何预防感冒", false);
        check("bad input near 感冒的预防效果", false);
        check("refused: document about vit…", false);
        check("invalid key sk-012345***", false);
        check("invalid key ***abcdef", false);
        check("", true);
    }
}

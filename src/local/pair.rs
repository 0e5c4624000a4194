//! Query × document: the tokens of both with the separators their model was trained on.

/// A token that belongs to no text, such as `<s>` or `[SEP]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Special {
    /// Token id.
    pub id: i64,
    /// Segment number, 0 or 1.
    pub segment: i64,
}

/// What stands before, between and after a query and a document.
///
/// XLM-R: `<s> query </s></s> document </s>`. BERT: `[CLS] query [SEP] document [SEP]`, the document in segment 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PairTemplate {
    /// In front of the query.
    pub before: Vec<Special>,
    /// Segment number of the query's tokens.
    pub query_segment: i64,
    /// Between query and document.
    pub between: Vec<Special>,
    /// Segment number of the document's tokens.
    pub document_segment: i64,
    /// Behind the document.
    pub after: Vec<Special>,
}

/// One pair as the model reads it: no padding, so the attention mask would be all ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row {
    /// Token ids, `[length]`.
    pub ids: Vec<i64>,
    /// Segment numbers, `[length]`; models without segments do not read them.
    pub segments: Vec<i64>,
}

impl PairTemplate {
    /// How many tokens of a pair are separators.
    pub fn separators(&self) -> usize {
        self.before.len() + self.between.len() + self.after.len()
    }

    /// The row of `query` and one window of a document.
    pub fn row(&self, query: &[u32], document: &[u32]) -> Row {
        let mut row = Row::default();
        row.push_specials(&self.before);
        row.push_tokens(query, self.query_segment);
        row.push_specials(&self.between);
        row.push_tokens(document, self.document_segment);
        row.push_specials(&self.after);
        row
    }
}

impl Row {
    fn push_specials(&mut self, specials: &[Special]) {
        self.ids.extend(specials.iter().map(|special| special.id));
        self.segments.extend(specials.iter().map(|special| special.segment));
    }

    fn push_tokens(&mut self, ids: &[u32], segment: i64) {
        self.ids.extend(ids.iter().map(|&id| i64::from(id)));
        self.segments.resize(self.ids.len(), segment);
    }
}

//! Pieces ↔ ids: all pieces in one run of bytes, found by a hash that grows with the piece.

use hashbrown::HashTable;

use crate::error::Result;
use crate::local::tokens::json::Json;

/// Beginnings that are told apart by how long the pieces with this beginning get.
const BEGINNINGS: usize = 1 << 16;

/// Bytes of a beginning.
const BEGINNING: usize = 4;

/// The pieces a model knows.
#[derive(Default)]
pub(super) struct Vocabulary {
    /// All pieces, one after the other.
    bytes: Vec<u8>,
    /// Where each piece ends; it begins where the one before ends.
    ends: Vec<u32>,
    /// The id of each piece, where ids are not the positions.
    ids: Option<Vec<u32>>,
    /// Positions of pieces by their hash; of equal pieces the last.
    table: HashTable<u32>,
    /// By the hash of a beginning: bytes of the longest piece that begins so.
    reach: Vec<u16>,
    /// Bytes of the longest piece.
    pub(super) longest: usize,
    /// One more than the highest id.
    pub(super) size: u32,
}

impl Vocabulary {
    /// Reads `{ piece: id }`.
    pub(super) fn from_members(json: &mut Json) -> Result<Self> {
        let mut vocabulary = Self::default();
        let mut ids = Vec::new();
        json.members(|piece, json| {
            vocabulary.push(piece);
            ids.push(json.index()?);
            Ok(())
        })?;
        vocabulary.size = ids.iter().max().map_or(0, |highest| highest.saturating_add(1));
        vocabulary.ids = Some(ids);
        vocabulary.index();
        Ok(vocabulary)
    }

    /// Reads `[[piece, score]]` and hands on the scores.
    pub(super) fn from_scored(json: &mut Json) -> Result<(Self, Vec<f64>)> {
        let mut vocabulary = Self::default();
        let mut scores = Vec::new();
        json.elements(|json| {
            let mut position = 0;
            json.elements(|json| {
                position += 1;
                match position {
                    1 => vocabulary.push(&json.string()?),
                    2 => scores.push(json.number()?),
                    _ => return Err(json.unexpected("a piece and its score")),
                }
                Ok(())
            })?;
            if position == 2 { Ok(()) } else { Err(json.unexpected("a piece and its score")) }
        })?;
        vocabulary.size = vocabulary.ends.len() as u32;
        vocabulary.index();
        Ok((vocabulary, scores))
    }

    /// Number of different pieces, or of positions where ids are positions.
    pub(super) fn count(&self) -> usize {
        if self.ids.is_some() { self.table.len() } else { self.ends.len() }
    }

    /// The id of a piece.
    pub(super) fn id(&self, piece: &str) -> Option<u32> {
        self.find(PieceHash::of(piece.as_bytes()), &[], piece.as_bytes())
    }

    /// The id of `prefix` + `piece`, whose hash is known.
    pub(super) fn find(&self, hash: PieceHash, prefix: &[u8], piece: &[u8]) -> Option<u32> {
        let is_it = |&at: &u32| self.piece(at).strip_prefix(prefix) == Some(piece);
        let &at = self.table.find(hash.finished(), is_it)?;
        self.ids.as_ref().map_or(Some(at), |ids| ids.get(at as usize).copied())
    }

    /// Bytes of the longest piece that begins as `text` does, or more.
    pub(super) fn reach(&self, text: &[u8]) -> usize {
        match self.reach.get(beginning(text)) {
            Some(&u16::MAX) => usize::MAX,
            reach => reach.map_or(0, |&reach| usize::from(reach)).max(BEGINNING),
        }
    }

    fn push(&mut self, piece: &str) {
        self.bytes.extend_from_slice(piece.as_bytes());
        self.ends.push(self.bytes.len() as u32);
    }

    fn piece(&self, at: u32) -> &[u8] {
        piece(&self.bytes, &self.ends, at)
    }

    fn index(&mut self) {
        self.bytes.shrink_to_fit();
        self.ends.shrink_to_fit();
        self.table = HashTable::with_capacity(self.ends.len());
        self.reach = vec![0; BEGINNINGS];
        (0..self.ends.len() as u32).for_each(|at| self.find_by_hash(at));
    }

    /// Lets the piece at `at` be found. A call of its own for each, for an engine that first runs code as it is and swaps in faster
    /// code, made meanwhile, at a call alone.
    #[inline(never)]
    fn find_by_hash(&mut self, at: u32) {
        let (bytes, ends) = (&self.bytes, &self.ends);
        let hash = |&at: &u32| PieceHash::of(piece(bytes, ends, at)).finished();
        let key = piece(bytes, ends, at);
        let same = |&other: &u32| piece(bytes, ends, other) == key;
        *self.table.entry(hash(&at), same, hash).or_insert(at).into_mut() = at;
        self.longest = self.longest.max(key.len());
        if let Some(reach) = self.reach.get_mut(beginning(key)) {
            *reach = (*reach).max(u16::try_from(key.len()).unwrap_or(u16::MAX));
        }
    }
}

fn piece<'a>(bytes: &'a [u8], ends: &[u32], at: u32) -> &'a [u8] {
    let end_of = |at: usize| ends.get(at).map_or(0, |&end| end as usize);
    let at = at as usize;
    let start = at.checked_sub(1).map_or(0, end_of);
    bytes.get(start..end_of(at)).unwrap_or_default()
}

fn beginning(text: &[u8]) -> usize {
    PieceHash::of(text.get(..BEGINNING).unwrap_or(text)).finished() as usize % BEGINNINGS
}

/// A hash that is made byte by byte, so that each beginning of a text costs one step.
#[derive(Clone, Copy, Default)]
pub(super) struct PieceHash(u64);

impl PieceHash {
    /// Of all bytes.
    pub(super) fn of(bytes: &[u8]) -> Self {
        let mut hash = Self::default();
        bytes.iter().for_each(|&byte| hash.push(byte));
        hash
    }

    /// Makes it the hash of one byte more.
    pub(super) fn push(&mut self, byte: u8) {
        // The multiplier of FxHash, Firefox's string hash.
        self.0 = (self.0.rotate_left(5) ^ u64::from(byte)).wrapping_mul(0x517c_c1b7_2722_0a95);
    }

    /// The table reads the highest and the lowest bits: spreads all over both (the last step of MurmurHash3).
    fn finished(self) -> u64 {
        let mixed = (self.0 ^ (self.0 >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
        mixed ^ (mixed >> 33)
    }
}

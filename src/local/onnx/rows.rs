//! A table of eight-bit numbers by rows: in memory, or left in the file, of which a request reads a few hundred rows.

use std::sync::Arc;

use tract_onnx::prelude::{Datum, DatumType, Tensor, TractError, TractResult};

use crate::local::load::Reread;

/// Tables of as many bytes and more are left in a file that can be read again, which smaller ones would hardly relieve.
pub(super) const LARGE_TABLE: u64 = 4 << 20;

/// A table u8 or i8 `[rows, width]`.
#[derive(Clone, Debug)]
pub(super) struct Table {
    rows: usize,
    width: usize,
    datum_type: DatumType,
    place: Place,
}

#[derive(Clone, Debug)]
enum Place {
    Memory(Arc<Tensor>),
    /// From this byte of the file on.
    File(Arc<dyn Reread>, u64),
}

impl Table {
    /// One that is there.
    ///
    /// # Errors
    /// Where it is of another rank or type.
    pub(super) fn in_memory(tensor: Arc<Tensor>) -> TractResult<Self> {
        let &[rows, width] = tensor.shape() else { return Err(unexpected("rank")) };
        let datum_type = tensor.datum_type();
        if !is_eight_bits(datum_type) {
            return Err(unexpected("type"));
        }
        Ok(Self { rows, width, datum_type, place: Place::Memory(tensor) })
    }

    /// One that stands in `file` from `offset` on; none where it is of another shape or type, or small.
    pub(super) fn in_file(file: &Arc<dyn Reread>, offset: u64, shape: &[usize], datum_type: DatumType) -> Option<Self> {
        let &[rows, width] = shape else { return None };
        let is_large = rows.checked_mul(width).is_some_and(|bytes| bytes as u64 >= LARGE_TABLE);
        let place = Place::File(Arc::clone(file), offset);
        (is_large && is_eight_bits(datum_type)).then_some(Self { rows, width, datum_type, place })
    }

    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    pub(super) fn width(&self) -> usize {
        self.width
    }

    /// Appends row `id`, each number as `decode` has it.
    ///
    /// # Errors
    /// Where there is no such row, or the file cannot be read any more.
    pub(super) fn push(&self, id: i64, decode: impl Fn(f32) -> f32, to: &mut Vec<f32>) -> TractResult<()> {
        let beyond = || TractError::msg(format!("token id {id} is beyond the table's {} rows", self.rows));
        let row = usize::try_from(id).ok().filter(|&row| row < self.rows).ok_or_else(beyond)?;
        match &self.place {
            Place::Memory(tensor) => {
                let bytes = tensor.as_bytes().get(row * self.width..(row + 1) * self.width).unwrap_or_default();
                self.decode(bytes, decode, to);
            }
            Place::File(file, offset) => {
                let mut bytes = vec![0; self.width];
                let start = offset + (row as u64) * (self.width as u64);
                file.read(start, &mut bytes).map_err(|error| TractError::msg(error.to_string()))?;
                self.decode(&bytes, decode, to);
            }
        }
        Ok(())
    }

    fn decode(&self, bytes: &[u8], decode: impl Fn(f32) -> f32, to: &mut Vec<f32>) {
        if self.datum_type == u8::datum_type() {
            to.extend(bytes.iter().map(|&byte| decode(f32::from(byte))));
        } else {
            to.extend(bytes.iter().map(|&byte| decode(f32::from(byte as i8))));
        }
    }
}

impl PartialEq for Table {
    fn eq(&self, other: &Self) -> bool {
        match (&self.place, &other.place) {
            (Place::Memory(one), Place::Memory(two)) => Arc::ptr_eq(one, two),
            (Place::File(one, at), Place::File(two, other)) => Arc::ptr_eq(one, two) && at == other,
            _ => false,
        }
    }
}

impl Eq for Table {}

/// Whether a table of this type stays as it is.
pub(super) fn is_eight_bits(datum_type: DatumType) -> bool {
    datum_type == u8::datum_type() || datum_type == i8::datum_type()
}

fn unexpected(what: &str) -> TractError {
    TractError::msg(format!("unexpected {what} of an embedding table"))
}

//! Where a large initializer lives: packed for products where nothing else reads it, as it stands in the file elsewhere.

use std::sync::Arc;

use tract_onnx::prelude::{Datum, DatumType, Tensor, TractError, TractResult};

use crate::local::kernels::{Dot, Packing, Panels};

/// An initializer that is here.
pub(super) enum Home {
    /// As it stands in the file.
    Tensor(Arc<Tensor>),
    /// Packed while it came.
    Panels(Packed),
}

/// Weights in eight bits `[inputs, outputs]`, packed.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Packed {
    /// One copy for all layers that share them.
    pub(super) panels: Arc<Panels>,
    /// They were u8: here they are 128 less, and so must their zero points be.
    pub(super) is_lowered: bool,
    /// Of columns that were f32 and became eight bits here, `[outputs]`.
    pub(super) scales: Option<Vec<f32>>,
}

impl Home {
    /// The initializer as it stands in the file.
    ///
    /// # Errors
    /// Where there is no room for another copy of it.
    pub(super) fn tensor(&self) -> TractResult<Arc<Tensor>> {
        let Packed { panels, is_lowered, .. } = match self {
            Self::Tensor(tensor) => return Ok(Arc::clone(tensor)),
            Self::Panels(packed) => packed,
        };
        let shape = [panels.inputs(), panels.outputs()];
        let weights = panels.unpacked();
        let tensor = if *is_lowered {
            Tensor::from_shape(&shape, &weights.into_iter().map(|it| it as u8 ^ HALF).collect::<Vec<u8>>())
        } else {
            Tensor::from_shape(&shape, &weights)
        };
        tensor.map(Arc::new)
    }

    /// A matrix packed; one in f32 becomes eight bits here.
    ///
    /// # Errors
    /// Where it is no matrix.
    pub(super) fn packed(&self) -> TractResult<Packed> {
        let tensor = match self {
            Self::Tensor(tensor) => tensor,
            Self::Panels(packed) => return Ok(packed.clone()),
        };
        let &[inputs, outputs] = tensor.shape() else { return Err(TractError::msg("weights: expected two axes")) };
        let datum_type = tensor.datum_type().unquantized();
        let is_lowered = datum_type == u8::datum_type();
        let packing = Packing::new(Dot::of_this_engine(), inputs, outputs, is_lowered);
        let mut packing = packing.ok_or_else(|| TractError::msg("weights: no room to pack them"))?;
        let mut scales = None;
        if is_lowered || datum_type == i8::datum_type() {
            packing.push(tensor.as_bytes());
        } else {
            scales = Some(quantize(tensor.try_as_plain_ram()?.as_slice::<f32>()?, outputs, &mut packing));
        }
        let panels = packing.finish().ok_or_else(|| TractError::msg("weights: fewer than their shape says"))?;
        Ok(Packed { panels: Arc::new(panels), is_lowered, scales })
    }
}

/// An initializer on its way.
pub(super) enum Incoming {
    /// A tensor, and how many of its bytes are there.
    Tensor(Box<Tensor>, usize),
    /// A matrix of eight bits.
    Panels(Packing),
}

impl Incoming {
    /// Room for an initializer; `None` where there is none. `is_multiplied`: nothing but products in eight bits reads it.
    pub(super) fn new(datum_type: DatumType, shape: &[usize], is_multiplied: bool) -> Option<Self> {
        let is_unsigned = datum_type == u8::datum_type();
        let is_eight_bits = is_unsigned || datum_type == i8::datum_type();
        match shape {
            &[inputs, outputs] if is_multiplied && is_eight_bits => {
                Some(Self::Panels(Packing::new(Dot::of_this_engine(), inputs, outputs, is_unsigned)?))
            }
            _ => Some(Self::Tensor(Box::new(unfilled(datum_type, shape).ok()?), 0)),
        }
    }

    /// The next bytes of the file; how many of them were taken.
    pub(super) fn take(&mut self, bytes: &[u8]) -> usize {
        match self {
            Self::Tensor(tensor, filled) => {
                let rest = tensor.as_bytes_mut().get_mut(*filled..).unwrap_or_default();
                let took = bytes.len().min(rest.len());
                if let (Some(rest), Some(bytes)) = (rest.get_mut(..took), bytes.get(..took)) {
                    rest.copy_from_slice(bytes);
                }
                *filled += took;
                took
            }
            Self::Panels(packing) => packing.push(bytes),
        }
    }

    /// Whether all bytes came.
    pub(super) fn is_whole(&self) -> bool {
        match self {
            Self::Tensor(tensor, filled) => *filled == tensor.as_bytes().len(),
            Self::Panels(packing) => packing.is_whole(),
        }
    }

    /// What is here; `None` while bytes are missing.
    pub(super) fn finish(self) -> Option<Home> {
        if !self.is_whole() {
            return None;
        }
        Some(match self {
            Self::Tensor(tensor, _) => Home::Tensor(Arc::new(*tensor)),
            Self::Panels(packing) => {
                let is_lowered = packing.is_lowered();
                Home::Panels(Packed { panels: Arc::new(packing.finish()?), is_lowered, scales: None })
            }
        })
    }
}

/// Half of what a byte can be: what u8 is lowered by to be i8.
const HALF: u8 = 0x80;

/// Memory for a tensor, not cleared: a file's bytes are about to lie there, and clearing hundreds of megabytes takes as long
/// as copying them.
#[expect(unsafe_code, reason = "Incoming lets nobody read it before every byte is written")]
fn unfilled(datum_type: DatumType, shape: &[usize]) -> TractResult<Tensor> {
    // SAFETY: the types of `weights::plain_type` are numbers, of which every pattern of bits is one.
    unsafe { Tensor::uninitialized_dt(datum_type, shape) }
}

/// Packs f32 weights `[inputs, outputs]`, each column scaled so that its largest is 127; the scales.
fn quantize(weights: &[f32], outputs: usize, packing: &mut Packing) -> Vec<f32> {
    let mut scales = vec![0f32; outputs];
    for row in weights.chunks_exact(outputs) {
        scales.iter_mut().zip(row).for_each(|(most, it)| *most = most.max(it.abs()));
    }
    scales.iter_mut().for_each(|it| *it /= 127.0);
    let inverse: Vec<f32> = scales.iter().map(|it| if *it > 0.0 { it.recip() } else { 0.0 }).collect();
    let mut eight_bits = Vec::with_capacity(outputs);
    for row in weights.chunks_exact(outputs) {
        eight_bits.clear();
        eight_bits.extend(row.iter().zip(&inverse).map(|(it, factor)| (it * factor).round_ties_even() as i8 as u8));
        packing.push(&eight_bits);
    }
    scales
}

#[cfg(test)]
mod tests {
    use super::*;

    fn home(datum_type: DatumType, is_multiplied: bool, bytes: &[u8], piece: usize) -> Home {
        let mut incoming = Incoming::new(datum_type, &[21, 13], is_multiplied).expect("room");
        for piece in bytes.chunks(piece) {
            assert!(!incoming.is_whole());
            assert_eq!(incoming.take(piece), piece.len());
        }
        assert_eq!(incoming.take(&[1, 2, 3]), 0, "the next field's bytes");
        incoming.finish().expect("whole")
    }

    #[test]
    fn a_matrix_packed_as_it_comes_is_the_one_packed_afterwards() {
        let bytes: Vec<u8> = (0..21 * 13).map(|at| (at * 37 % 256) as u8).collect();
        for datum_type in [u8::datum_type(), i8::datum_type()] {
            let afterwards = home(datum_type, false, &bytes, 50);
            let expected = afterwards.packed().expect("a matrix");
            for piece in [1, 13, 200] {
                let passing = home(datum_type, true, &bytes, piece);
                assert_eq!(passing.tensor().expect("room"), afterwards.tensor().expect("it is one"));
                assert_eq!(passing.packed().expect("packed"), expected);
            }
        }
    }

    #[test]
    fn missing_bytes_make_no_home() {
        let mut incoming = Incoming::new(u8::datum_type(), &[4, 4], true).expect("room");
        incoming.take(&[0; 15]);
        assert!(incoming.finish().is_none());
    }
}

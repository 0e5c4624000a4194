//! Numbers for tests that repeat only after long.

/// `count` numbers from -1 to 1.
pub(super) fn noise(count: usize, seed: u32) -> Vec<f32> {
    let step = |state: &mut u32| {
        *state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        Some((*state >> 8) as f32 / 8_388_608.0 - 1.0)
    };
    std::iter::repeat_n((), count).scan(seed, |state, ()| step(state)).collect()
}

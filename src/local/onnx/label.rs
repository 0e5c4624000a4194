//! Logits of several labels, and one of them chosen → the logit to rank by.

/// The logit by which to rank: of several labels `label`'s log-odds against all others, whose sigmoid is its softmax.
pub(super) fn log_odds(logits: &[f32], label: usize) -> Option<f32> {
    let logit = *logits.get(label)?;
    let others = logits.iter().enumerate().filter(|(at, _)| *at != label).map(|(_, logit)| *logit);
    // Not from zero: exponentials of large logits are beyond what there is.
    let Some(most) = others.clone().reduce(f32::max) else { return Some(logit) };
    Some(logit - most - others.map(|other| (other - most).exp()).sum::<f32>().ln())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_ranked_by_its_log_odds() {
        assert_eq!(log_odds(&[-1.5], 0), Some(-1.5));
        assert_eq!(log_odds(&[1.0, 3.5], 1), Some(2.5));
        assert_eq!(log_odds(&[1.0, 3.5], 2), None);
        let logits = [0.5f32, -2.0, 1.25];
        let softmax = logits[2].exp() / logits.iter().map(|it| it.exp()).sum::<f32>();
        let odds = log_odds(&logits, 2).expect("a label");
        assert!((1.0 / (1.0 + (-odds).exp()) - softmax).abs() < 1e-6);
        assert_eq!(log_odds(&[200.0, 100.0, 100.0], 0), Some(100.0 - 2f32.ln()));
    }
}

//! Several futures at a time, but not too many. The first error ends all: those under way are dropped, which stops what they
//! send, and no further one is started.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;

use crate::error::Result;

/// Runs `jobs`, at most `most` at a time; numbers and outcomes in the order of the jobs. `done` is told of each as it ends.
///
/// # Errors
/// That of the first job that failed.
pub(crate) async fn in_flight<T, F: Future<Output = Result<T>>>(
    jobs: impl Iterator<Item = F>,
    most: usize,
    done: impl Fn(&T),
) -> Result<Vec<(usize, T)>> {
    let mut jobs = jobs.enumerate();
    let mut flying: Vec<(usize, Pin<Box<F>>)> = Vec::new();
    let mut ended: Vec<(usize, T)> = Vec::new();
    poll_fn(|context| {
        loop {
            while flying.len() < most.max(1) {
                let Some((number, job)) = jobs.next() else { break };
                flying.push((number, Box::pin(job)));
            }
            let mut landed = false;
            let mut at = 0;
            while let Some((number, job)) = flying.get_mut(at) {
                match job.as_mut().poll(context) {
                    Poll::Pending => at += 1,
                    Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                    Poll::Ready(Ok(value)) => {
                        done(&value);
                        let number = *number;
                        ended.insert(ended.partition_point(|(other, _)| *other < number), (number, value));
                        drop(flying.remove(at));
                        landed = true;
                    }
                }
            }
            if flying.is_empty() && !landed {
                return Poll::Ready(Ok(()));
            }
            if !landed {
                return Poll::Pending;
            }
        }
    })
    .await?;
    Ok(ended)
}

//! Work on many threads whose results come back in order: the threads change when something is done, never what.

use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError, mpsc};
use std::thread;

/// How many bytes of jobs may be under way for each thread, and how many more may wait for their turn. A bound on
/// memory that lets many small jobs queue, so that no thread has to be woken for each of them.
const BYTES_PER_THREAD: u64 = 4 << 20;
const BYTES_WAITING: u64 = 16 << 20;

/// What a job counts for at least, in bytes.
const LEAST_COST: u64 = 4 << 10;

/// How many bytes of small jobs are handed to a thread at once: handing one over takes as long as compressing some
/// kilobytes.
const BATCH: u64 = 256 << 10;

/// Runs `work` on each job and hands the results to `consume`, on the calling thread, in the order of the jobs. Each
/// thread makes one `state` and keeps it from job to job; `cost` is how many bytes a job has in memory. The first error
/// of `consume` ends it all. A single thread is the calling one.
pub fn in_order<Job, State, Output, Error>(
    threads: NonZeroUsize,
    jobs: impl Iterator<Item = Job>,
    cost: impl Fn(&Job) -> u64,
    state: impl Fn() -> State + Sync,
    work: impl Fn(&mut State, &Job) -> Output + Sync,
    mut consume: impl FnMut(Job, Output) -> Result<(), Error>,
) -> Result<(), Error>
where
    Job: Send,
    Output: Send,
{
    if threads == NonZeroUsize::MIN {
        let mut state = state();
        for job in jobs {
            let output = work(&mut state, &job);
            consume(job, output)?;
        }
        return Ok(());
    }
    let mut batches = batches(jobs.fuse(), |job| cost(job).max(LEAST_COST));
    let (batch_sender, batch_receiver) = mpsc::channel::<(Vec<Job>, mpsc::SyncSender<Vec<(Job, Output)>>)>();
    let batch_receiver = Mutex::new(batch_receiver);
    let (state, work, batch_receiver) = (&state, &work, &batch_receiver);
    thread::scope(|scope| {
        for _ in 0..threads.get() {
            scope.spawn(move || {
                let mut state = state();
                loop {
                    // The lock is held while waiting, so that one thread waits for work and the others for the lock.
                    let next = batch_receiver.lock().unwrap_or_else(PoisonError::into_inner).recv();
                    let Ok((batch, reply)) = next else { break };
                    let results = batch.into_iter().map(|job| {
                        let output = work(&mut state, &job);
                        (job, output)
                    });
                    // Nobody listens once `consume` has failed, which is the end of this thread too.
                    if reply.send(results.collect()).is_err() {
                        break;
                    }
                }
            });
        }
        let limit = BYTES_WAITING + BYTES_PER_THREAD * threads.get() as u64;
        let mut under_way = 0;
        let mut pending = VecDeque::new();
        loop {
            while under_way < limit
                && let Some((cost, batch)) = batches.next()
            {
                under_way += cost;
                let (reply, results) = mpsc::sync_channel(1);
                batch_sender.send((batch, reply)).expect("the receiver outlives the threads");
                pending.push_back((cost, results));
            }
            let Some((cost, results)) = pending.pop_front() else { break };
            let results = results.recv().expect("a thread that panicked ends the scope");
            under_way -= cost;
            if let Err(error) = results.into_iter().try_for_each(|(job, output)| consume(job, output)) {
                drop((pending, batch_sender));
                return Err(error);
            }
        }
        drop(batch_sender);
        Ok(())
    })
}

/// Puts small jobs together, with what they cost.
fn batches<Job>(jobs: impl Iterator<Item = Job>, cost: impl Fn(&Job) -> u64) -> impl Iterator<Item = (u64, Vec<Job>)> {
    let mut jobs = jobs.peekable();
    std::iter::from_fn(move || {
        let first = jobs.next()?;
        let mut total = cost(&first);
        let mut batch = vec![first];
        while let Some(job) = jobs.next_if(|job| total + cost(job) <= BATCH) {
            total += cost(&job);
            batch.push(job);
        }
        Some((total, batch))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_the_order_of_the_jobs() {
        for (threads, cost) in [1, 2, 16].into_iter().flat_map(|threads| [(threads, 1_000_000), (threads, 1000)]) {
            let mut seen = Vec::new();
            in_order(
                NonZeroUsize::new(threads).unwrap(),
                0..200_u64,
                |job| job * cost,
                || (),
                |(), job| {
                    thread::sleep(std::time::Duration::from_micros(job % 7 * 50));
                    job * 2
                },
                |job, output| {
                    assert_eq!(output, job * 2);
                    seen.push(job);
                    Ok::<(), ()>(())
                },
            )
            .unwrap();
            assert_eq!(seen, (0..200).collect::<Vec<_>>());
        }
    }

    #[test]
    fn the_first_error_ends_it() {
        let mut consumed = 0;
        let result = in_order(
            NonZeroUsize::new(4).unwrap(),
            0..,
            |_| 0,
            || (),
            |(), job: &u64| *job,
            |_, output| {
                consumed += 1;
                if output == 10 { Err("ten") } else { Ok(()) }
            },
        );
        assert_eq!((result, consumed), (Err("ten"), 11));
    }

    #[test]
    fn no_jobs_are_fine() {
        let no_jobs = std::iter::empty::<()>();
        in_order(NonZeroUsize::MIN, no_jobs, |()| 0, || (), |(), ()| (), |(), ()| Err("none")).unwrap();
    }
}

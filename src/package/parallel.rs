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

/// Runs `work` on each job and hands the results to `consume`, on the calling thread, in the order of the jobs. Each
/// thread makes one `state` and keeps it from job to job; `cost` is how many bytes a job has in memory. The first error
/// of `consume` ends it all. A single thread is the calling one.
pub(crate) fn in_order<Job, State, Output, Error>(
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
    let mut jobs = jobs.fuse();
    let (job_sender, job_receiver) = mpsc::channel::<(Job, mpsc::SyncSender<(Job, Output)>)>();
    let job_receiver = Mutex::new(job_receiver);
    let (state, work, job_receiver) = (&state, &work, &job_receiver);
    thread::scope(|scope| {
        for _ in 0..threads.get() {
            scope.spawn(move || {
                let mut state = state();
                loop {
                    // The lock is held while waiting, so that one thread waits for a job and the others for the lock.
                    let next = job_receiver.lock().unwrap_or_else(PoisonError::into_inner).recv();
                    let Ok((job, reply)) = next else { break };
                    let output = work(&mut state, &job);
                    // Nobody listens once `consume` has failed, which is the end of this thread too.
                    if reply.send((job, output)).is_err() {
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
                && let Some(job) = jobs.next()
            {
                let cost = cost(&job).max(LEAST_COST);
                under_way += cost;
                let (reply, result) = mpsc::sync_channel(1);
                job_sender.send((job, reply)).expect("the receiver outlives the threads");
                pending.push_back((cost, result));
            }
            let Some((cost, result)) = pending.pop_front() else { break };
            let (job, output) = result.recv().expect("a thread that panicked ends the scope");
            under_way -= cost;
            if let Err(error) = consume(job, output) {
                drop((pending, job_sender));
                return Err(error);
            }
        }
        drop(job_sender);
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_the_order_of_the_jobs() {
        for threads in [1, 2, 16] {
            let mut seen = Vec::new();
            in_order(
                NonZeroUsize::new(threads).unwrap(),
                0..200_u64,
                |job| job * 1_000_000,
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

//! Runs jobs on several threads and returns the results in the order of the jobs.
//!
//! The order makes the bytes of a zip independent of the number of threads. Two threads pack an executable of 22 MB in
//! 0.24 s where one takes 0.39 s. Memory is bounded by the chunks in flight, not by the size of the files: 22 MB for a
//! file of 154 MB. A general thread pool has neither the order nor the bound.

use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError, mpsc};
use std::thread;

/// The jobs in flight may take this many bytes of memory for each thread, and this many in addition. A bound in bytes, not
/// in jobs, lets many small jobs wait, so that no thread runs out of work.
const BYTES_PER_THREAD: u64 = 4 << 20;
const BYTES_WAITING: u64 = 16 << 20;

/// Every job counts as at least this many bytes, so that the number of jobs in flight is bounded, too.
const LEAST_COST: u64 = 4 << 10;

/// Small jobs are handed to a thread in batches of this many bytes: handing one over takes as long as compressing a few
/// kilobytes.
const BATCH: u64 = 256 << 10;

/// A batch of jobs, and the channel for its results.
type Task<Job, Output> = (Vec<Job>, mpsc::SyncSender<Vec<(Job, Output)>>);

/// Runs `work` on each job, on `threads` threads, and passes the results to `consume` in the order of the jobs.
///
/// `consume` runs on the calling thread; its first error ends the run. Each thread creates one `state` and reuses it for all
/// of its jobs. `cost` is the memory that a job takes, in bytes. With one thread, everything runs on the calling thread.
///
/// # Panics
///
/// If `work` panics.
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
    let limit = BYTES_WAITING + BYTES_PER_THREAD * threads.get() as u64;
    let (tasks, receiver) = mpsc::channel();
    let receiver = Mutex::new(receiver);
    let (state, work, receiver) = (&state, &work, &receiver);
    thread::scope(|scope| {
        // Dropped at the end of this closure, which ends the threads.
        let tasks = tasks;
        for _ in 0..threads.get() {
            scope.spawn(move || run_tasks(receiver, state(), work));
        }
        let mut in_flight = 0;
        let mut pending = VecDeque::new();
        loop {
            while in_flight < limit
                && let Some((cost, batch)) = batches.next()
            {
                in_flight += cost;
                let (reply, results) = mpsc::sync_channel(1);
                tasks.send((batch, reply)).expect("the receiver outlives the threads");
                pending.push_back((cost, results));
            }
            let Some((cost, results)) = pending.pop_front() else { return Ok(()) };
            let results: Vec<_> = results.recv().expect("a thread sends its results unless it panics");
            in_flight -= cost;
            results.into_iter().try_for_each(|(job, output)| consume(job, output))?;
        }
    })
}

/// Runs tasks until there are no more, or until nobody waits for their results.
fn run_tasks<Job, State, Output>(
    tasks: &Mutex<mpsc::Receiver<Task<Job, Output>>>,
    mut state: State,
    work: &impl Fn(&mut State, &Job) -> Output,
) {
    loop {
        // One thread waits for a task while it holds the lock; the others wait for the lock.
        let next = tasks.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok((batch, reply)) = next else { return };
        let results = batch.into_iter().map(|job| {
            let output = work(&mut state, &job);
            (job, output)
        });
        if reply.send(results.collect()).is_err() {
            return;
        }
    }
}

/// Groups small jobs, and returns each batch with its cost.
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
    fn results_are_in_the_order_of_the_jobs() {
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
    fn the_first_error_ends_the_run() {
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
    fn there_may_be_no_jobs() {
        let no_jobs = std::iter::empty::<()>();
        in_order(NonZeroUsize::MIN, no_jobs, |()| 0, || (), |(), ()| (), |(), ()| Err("none")).unwrap();
    }
}

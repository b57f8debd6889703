//! Runs long work on threads of low priority, so that requests for profiles stay fast.

use std::thread;

use tokio::sync::oneshot;

/// The niceness of the work: on a busy machine it gets about a tenth of the time of other threads. The threads that it
/// starts inherit the niceness.
#[cfg(target_os = "linux")]
const NICENESS: i32 = 10;

/// Runs `work` on a new thread of low priority. `None` when it panicked, or when the thread could not be started.
pub(super) async fn run_low_priority<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let (done, outcome) = oneshot::channel();
    let run = move || {
        lower_priority();
        let _ = done.send(work());
    };
    thread::Builder::new().name("journeys".into()).spawn(run).ok()?;
    outcome.await.ok()
}

/// On other systems the niceness is that of the whole process, so it stays.
fn lower_priority() {
    #[cfg(target_os = "linux")]
    let _ = rustix::process::nice(NICENESS);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_result_is_returned_and_a_panic_is_none() {
        assert_eq!(run_low_priority(|| 7).await, Some(7));
        assert_eq!(run_low_priority(|| -> u8 { panic!("as a fault of ours would") }).await, None);
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn the_work_and_its_threads_have_low_priority_and_no_other_thread_has() {
        let mine = || rustix::process::getpriority_process(None).expect("a priority");
        let before = mine();
        let other = move || std::thread::spawn(mine).join().expect("no panic");
        // 19 is the lowest priority.
        let lower = (before + NICENESS).min(19);
        assert_eq!(run_low_priority(move || (mine(), other())).await, Some((lower, lower)));
        assert_eq!(mine(), before);
    }
}

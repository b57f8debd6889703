//! Long work, on threads that give way to those who read profiles.

use std::thread;

use tokio::sync::oneshot;

/// How much work gives way: on a busy machine it has about a tenth of what others have. Threads that it
/// starts give way as much.
#[cfg(target_os = "linux")]
const NICENESS: i32 = 10;

/// Runs `work` on a thread of its own. `None` when it panicked, or there is no thread to be had.
pub(super) async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let (done, outcome) = oneshot::channel();
    let run = move || {
        give_way();
        let _ = done.send(work());
    };
    thread::Builder::new().name("journeys".into()).spawn(run).ok()?;
    outcome.await.ok()
}

/// Elsewhere it would be all of the process that gives way.
fn give_way() {
    #[cfg(target_os = "linux")]
    let _ = rustix::process::nice(NICENESS);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_done_comes_back_and_a_panic_is_none() {
        assert_eq!(aside(|| 7).await, Some(7));
        assert_eq!(aside(|| -> u8 { panic!("as a fault of ours would") }).await, None);
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn it_gives_way_and_so_do_its_threads_and_nobody_else_does() {
        let mine = || rustix::process::getpriority_process(None).expect("a priority");
        let before = mine();
        let other = move || std::thread::spawn(mine).join().expect("no panic");
        // There is nothing behind the last.
        let lower = (before + NICENESS).min(19);
        assert_eq!(aside(move || (mine(), other())).await, Some((lower, lower)));
        assert_eq!(mine(), before);
    }
}

//! The program itself: flags, JSON logs, signals.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

use crate::support::{get, soon};

/// The program with these flags, on a free port.
struct Program {
    child: Child,
    address: SocketAddr,
}

impl Program {
    fn start(flags: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_dash-ws-bridge"))
            .args(["--listen=127.0.0.1:0", "--log-format=json"])
            .args(flags)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let address = lines.by_ref().find_map(|line| {
            let line: serde_json::Value = serde_json::from_str(&line.unwrap()).unwrap();
            (line["message"] == "listening").then(|| line["address"].as_str().unwrap().parse().unwrap())
        });
        // The pipe is read on, or the program would block on a full one.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, address: address.expect("it says where it listens") }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(unix)]
#[tokio::test]
async fn the_program_serves_until_a_signal_and_ends_well() {
    for signal in ["-TERM", "-INT"] {
        let mut program = Program::start(&["--network=regtest", "--drain-timeout=0"]);
        assert!(get(program.address, "/healthz").await.0.starts_with("http/1.1 200"));
        let pid = program.child.id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
        let status = soon(async {
            loop {
                match program.child.try_wait().unwrap() {
                    Some(status) => return status,
                    None => tokio::time::sleep(std::time::Duration::from_millis(10)).await,
                }
            }
        })
        .await;
        assert!(status.success(), "{signal}: {status}");
    }
}

#[test]
fn bad_flags_end_the_program_with_their_name() {
    for flags in [["--network", "maine"], ["--peer", "nowhere"], ["--log", "x=y=z"]] {
        let output = Command::new(env!("CARGO_BIN_EXE_dash-ws-bridge")).args(flags).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(text.contains(flags[0]), "{text}");
    }
}

//! The `dash-ws-bridge` program: flags, logs and signals around the library.

use std::io::IsTerminal;
use std::process::ExitCode;

use clap::Parser;
use dash_ws_bridge::cli::{Cli, LogFormat};
use dash_ws_bridge::{BridgeError, serve};
use tokio::net::TcpListener;
use tracing::{error, info, warn};
use tracing_subscriber::EnvFilter;

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    let filter = match EnvFilter::try_new(&cli.log) {
        Ok(filter) => filter,
        Err(error) => {
            eprintln!("error: --log: {error}");
            return ExitCode::from(2);
        }
    };
    let logs = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    match cli.log_format {
        LogFormat::Text => logs.init(),
        LogFormat::Json => logs.json().flatten_event(true).init(),
    }
    match run(&cli).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            error!(%error, "not started");
            ExitCode::FAILURE
        }
    }
}

async fn run(cli: &Cli) -> Result<(), BridgeError> {
    let config = cli.config();
    let listener = TcpListener::bind(cli.listen).await?;
    let mut signals = Signals::new()?;
    info!(
        address = %listener.local_addr()?,
        network = config.network.name(),
        named_peers = config.peers.len(),
        allow_private = config.allow_private,
        "listening"
    );
    if config.peers.is_empty() && config.network.seeds().is_empty() {
        warn!("this network has no seeds: without --peer, clients must name a peer by addr");
    }
    let (first, begin) = tokio::sync::oneshot::channel::<()>();
    let serving = serve(config, listener, async {
        // A dropped sender counts as the signal.
        let _ = begin.await;
    });
    let listening_for_signals = async {
        signals.next().await;
        let _ = first.send(());
        signals.next().await;
    };
    tokio::select! {
        served = serving => served,
        () = listening_for_signals => {
            warn!("stopped by a second signal");
            Ok(())
        }
    }
}

/// The signals that end the program.
struct Signals {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

#[cfg(not(unix))]
impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self {})
    }

    async fn next(&mut self) {
        // Without a handler for Ctrl-C the system ends the program by itself.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

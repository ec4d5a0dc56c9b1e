//! `trellis`: the service as one binary.

use std::{
    fs,
    io::{self, BufReader, Read},
    net::SocketAddr,
    path::PathBuf,
    process::ExitCode,
};

use audit::{
    note::{Checkpoint, Signer, VerifierKey},
    pack,
};
use clap::{Args, Parser, Subcommand, ValueEnum};
use ledger::{Clock, KeyEncryptionKey, LOG_NAME, Ledger, LedgerOptions, secret_of};
use mimalloc::MiMalloc;
use server::{
    demonstration::{self, Demonstration},
    embedded::default_folder,
    operate,
    serve::{Role, ServeOptions, serve},
    telemetry::{LogFormat, Telemetry},
    token::{DevelopmentIssuer, KeySource, Verifier},
};
use tonic::transport::{Certificate, ClientTlsConfig, Endpoint};

/// A call allocates some hundred times, on one thread, and frees on another.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

type AnyError = Box<dyn std::error::Error + Send + Sync>;

/// The shared, provable history of joint training.
#[derive(Parser)]
#[command(version)]
struct Cli {
    /// How logs are written.
    #[arg(
        long,
        env = "TRELLIS_LOG_FORMAT",
        value_enum,
        default_value = "human",
        global = true
    )]
    log_format: LogFormat,
    /// OTLP/gRPC endpoint for traces and metrics, such as http://127.0.0.1:4317.
    #[arg(long, env = "OTEL_EXPORTER_OTLP_ENDPOINT", global = true)]
    otlp_endpoint: Option<String>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Start a private PostgreSQL, load the demonstration and serve it with ready-made sign-ins.
    /// What happens without a command, too.
    Demo(Demo),
    /// Serve on a PostgreSQL of yours.
    Serve(Box<Serve>),
    /// Check an exported replay, with no service and no database: that its events are as they were
    /// recorded, that the signed log holds them, and that it extends an earlier checkpoint.
    Verify(Verify),
    /// Serve pages to browsers, as a client of a service that runs elsewhere.
    Web(Box<Web>),
    /// How far views are, whether they are what the events make of them, and what to do when not.
    Views(operate::Views),
    /// Bring a database up to date; safe to run again.
    Migrate {
        /// The owner's connection, postgres://...
        #[arg(long, env = "TRELLIS_OWNER_URL", hide_env_values = true)]
        database_url: String,
    },
}

/// What to check.
#[derive(Args)]
struct Verify {
    /// The lines of ExportReplay, one a line; standard input when absent.
    pack: Option<PathBuf>,
    /// What verifies the service's checkpoints, as it came to you: name+id+key.
    #[arg(long, env = "TRELLIS_LOG_VERIFIER_KEY")]
    key: String,
    /// An earlier checkpoint of the same log that you have kept.
    #[arg(long)]
    earlier: Option<PathBuf>,
}

/// The embedded default.
#[derive(Parser)]
struct Demo {
    /// Play the demonstration, print its summary and end.
    #[arg(long)]
    once: bool,
    /// Leave the history out: policies and example tenants only.
    #[arg(long)]
    empty: bool,
    /// Where the database and keys are kept: /var/lib/trellis for root, otherwise
    /// ${XDG_DATA_HOME:-~/.local/share}/trellis.
    #[arg(long, env = "TRELLIS_DATA_DIR")]
    data_dir: Option<PathBuf>,
    /// Where to listen.
    #[arg(long, default_value = LISTEN)]
    listen: SocketAddr,
    /// Where to serve pages to browsers.
    #[arg(long, default_value = WEB_LISTEN)]
    web_listen: SocketAddr,
}

/// Where the embedded default listens.
const LISTEN: &str = "127.0.0.1:7443";

/// Where the embedded default serves pages.
const WEB_LISTEN: &str = "127.0.0.1:7480";

#[derive(Clone, Copy, ValueEnum)]
enum BusinessClock {
    /// Real time; facts of the future are refused.
    System,
    /// Walks through years as facts are recorded: rehearsals and tests, never production.
    Sandbox,
}

impl From<BusinessClock> for Clock {
    fn from(clock: BusinessClock) -> Self {
        match clock {
            BusinessClock::System => Self::System,
            BusinessClock::Sandbox => Self::Sandbox,
        }
    }
}

#[derive(Args)]
struct Serve {
    /// The deciding role's connection (trellis_command).
    #[arg(long, env = "TRELLIS_COMMAND_URL", hide_env_values = true)]
    command_url: String,
    /// The reading role's connection (trellis_reader).
    #[arg(long, env = "TRELLIS_READER_URL", hide_env_values = true)]
    reader_url: String,
    /// The projecting role's connection (trellis_projector).
    #[arg(long, env = "TRELLIS_PROJECTOR_URL", hide_env_values = true)]
    projector_url: String,
    /// File of the key-encryption key: 32 bytes, outside the database and its backups.
    #[arg(long, env = "TRELLIS_KEY_FILE")]
    key_file: PathBuf,
    /// File of the key that signs checkpoints of the logs: 32 bytes that only their owner may read;
    /// made when it is not there. Without one the key is derived from the key-encryption key.
    #[arg(long, env = "TRELLIS_LOG_KEY_FILE")]
    log_key_file: Option<PathBuf>,
    /// Where to listen.
    #[arg(long, env = "TRELLIS_LISTEN", default_value = "127.0.0.1:7443")]
    listen: SocketAddr,
    /// What this process does.
    #[arg(
        long,
        env = "TRELLIS_ROLES",
        value_enum,
        value_delimiter = ',',
        default_value = "api,project,react"
    )]
    roles: Vec<Role>,
    /// Aggregates kept in memory.
    #[arg(long, default_value_t = 100_000)]
    cache_entries: usize,
    /// Where business time comes from: the machine, or in a sandbox the latest fact recorded.
    #[arg(long, env = "TRELLIS_CLOCK", value_enum, default_value = "system")]
    clock: BusinessClock,
    /// The OIDC issuer whose tokens are accepted.
    #[arg(
        long,
        env = "TRELLIS_OIDC_ISSUER",
        required_unless_present = "allow_development_issuer"
    )]
    oidc_issuer: Option<String>,
    /// A JWKS file of the issuer; without it the issuer's discovery document is read.
    #[arg(long, env = "TRELLIS_OIDC_JWKS_FILE")]
    oidc_jwks_file: Option<PathBuf>,
    /// The audience tokens must name.
    #[arg(long, env = "TRELLIS_AUDIENCE", default_value = demonstration::AUDIENCE)]
    audience: String,
    /// Accept the development issuer whose key is in this file. Never in production.
    #[arg(long)]
    allow_development_issuer: Option<PathBuf>,
    /// Certificate chain, PEM.
    #[arg(long, env = "TRELLIS_TLS_CERTIFICATE", requires = "tls_key")]
    tls_certificate: Option<PathBuf>,
    /// Private key, PEM.
    #[arg(long, env = "TRELLIS_TLS_KEY", requires = "tls_certificate")]
    tls_key: Option<PathBuf>,
}

#[derive(Args)]
struct Web {
    /// The service, such as https://127.0.0.1:7443.
    #[arg(long, env = "TRELLIS_API")]
    api: String,
    /// Who signs the service's certificate, PEM; needed for https.
    #[arg(long, env = "TRELLIS_API_CA")]
    api_ca: Option<PathBuf>,
    /// Where to listen.
    #[arg(long, env = "TRELLIS_WEB_LISTEN", default_value = WEB_LISTEN)]
    listen: SocketAddr,
    /// What browsers call this place, such as `https://trellis.example`; nothing else is answered.
    #[arg(long, env = "TRELLIS_WEB_ORIGIN")]
    origin: String,
    /// The OIDC issuer that people sign in with.
    #[arg(long, env = "TRELLIS_OIDC_ISSUER")]
    oidc_issuer: String,
    /// What this place is to the issuer; it sends people back to /signed-in.
    #[arg(long, env = "TRELLIS_OIDC_CLIENT_ID")]
    oidc_client_id: String,
    /// File of the client's secret, if it has one.
    #[arg(long, env = "TRELLIS_OIDC_CLIENT_SECRET_FILE")]
    oidc_client_secret_file: Option<PathBuf>,
    /// The audience of the tokens asked for.
    #[arg(long, env = "TRELLIS_AUDIENCE", default_value = demonstration::AUDIENCE)]
    audience: String,
    /// Certificate chain for browsers, PEM. Without it TLS ends in front of this process.
    #[arg(long, env = "TRELLIS_WEB_TLS_CERTIFICATE", requires = "tls_key")]
    tls_certificate: Option<PathBuf>,
    /// Private key, PEM.
    #[arg(long, env = "TRELLIS_WEB_TLS_KEY", requires = "tls_certificate")]
    tls_key: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    let telemetry = match Telemetry::start(cli.log_format, cli.otlp_endpoint.as_deref()) {
        Ok(telemetry) => telemetry,
        Err(error) => {
            eprintln!("trellis: the OTLP endpoint is unusable: {error}");
            return ExitCode::FAILURE;
        }
    };
    let command = cli
        .command
        .unwrap_or_else(|| Command::Demo(Demo::parse_from(["trellis"])));
    let outcome = match command {
        Command::Demo(demo) => {
            let options = Demonstration {
                data_dir: demo.data_dir.unwrap_or_else(default_folder),
                listen: demo.listen,
                web_listen: demo.web_listen,
                once: demo.once,
                empty: demo.empty,
            };
            done(demonstration::run(options, terminated()).await)
        }
        Command::Serve(options) => done(serve_own(*options).await),
        Command::Verify(options) => done(verify(&options)),
        Command::Web(options) => done(serve_pages(*options).await),
        Command::Views(views) => operate::run(views).await,
        Command::Migrate { database_url } => {
            done(ledger::migrate(&database_url).await.map_err(Into::into))
        }
    };
    telemetry.flush().await;
    match outcome {
        Ok(code) => code,
        Err(error) => {
            eprintln!("trellis: {error}");
            let mut source = error.source();
            while let Some(cause) = source {
                eprintln!("  because: {cause}");
                source = cause.source();
            }
            ExitCode::FAILURE
        }
    }
}

fn done(outcome: Result<(), AnyError>) -> Result<ExitCode, AnyError> {
    outcome.map(|()| ExitCode::SUCCESS)
}

async fn serve_own(options: Serve) -> Result<(), AnyError> {
    let ledger = Ledger::open(LedgerOptions {
        command_url: options.command_url,
        reader_url: options.reader_url,
        projector_url: options.projector_url,
        key_encryption_key: KeyEncryptionKey::from_file(&options.key_file)?,
        cache_entries: options.cache_entries,
        clock: options.clock.into(),
    })
    .await?;
    let mut verifier = Verifier::new(&options.audience);
    if let Some(issuer) = &options.oidc_issuer {
        let source = options
            .oidc_jwks_file
            .map_or(KeySource::Discovery, KeySource::File);
        verifier = verifier.with_oidc(issuer, source).await?;
    }
    if let Some(key) = &options.allow_development_issuer {
        tracing::warn!("the development issuer is accepted: anybody with its key can sign in");
        verifier = verifier.with_development(&DevelopmentIssuer::open(key)?);
    }
    let log_signer = match &options.log_key_file {
        Some(file) => Some(Signer::from_seed(LOG_NAME, &secret_of(file)?)?),
        None => None,
    };
    let running = serve(ServeOptions {
        ledger,
        verifier,
        listen: options.listen,
        roles: options.roles,
        log_signer,
        tls: options.tls_certificate.zip(options.tls_key),
    })
    .await?;
    tracing::info!(address = %running.address, "serving");
    terminated().await;
    running.stop().await;
    Ok(())
}

/// What a pack proves, in words; the first thing that does not hold otherwise.
fn verify(options: &Verify) -> Result<(), AnyError> {
    let key: VerifierKey = options.key.parse()?;
    let earlier = options.earlier.as_ref().map(fs::read_to_string);
    let earlier = earlier.transpose()?;
    let pack: Box<dyn Read> = match &options.pack {
        Some(file) => Box::new(fs::File::open(file)?),
        None => Box::new(io::stdin()),
    };
    let proven = pack::verify(BufReader::new(pack), &key, earlier.as_deref())?;
    let Checkpoint { origin, size, .. } = &proven.checkpoint;
    println!("log         {origin}, {size} entries, signed by {key}");
    if let Some(earlier) = proven.extends {
        println!("extends     the checkpoint of {earlier} entries: nothing before it was changed");
    }
    println!(
        "proved      {} events of {} records, as recorded and in the log",
        proven.events, proven.resources
    );
    if proven.status_only > 0 {
        println!(
            "of these    {} without their content, which is not the reader's to know",
            proven.status_only
        );
    }
    if proven.openings > 0 {
        println!(
            "not shown   what comes before {} of them: the reader was no party of it",
            proven.openings
        );
    }
    Ok(())
}

async fn serve_pages(options: Web) -> Result<(), AnyError> {
    let mut api = Endpoint::from_shared(options.api)?;
    if let Some(authority) = options.api_ca {
        let authority = Certificate::from_pem(std::fs::read(authority)?);
        api = api.tls_config(ClientTlsConfig::new().ca_certificate(authority))?;
    }
    let origin = options.origin.trim_end_matches('/').to_owned();
    let secret = options
        .oidc_client_secret_file
        .map(std::fs::read_to_string)
        .transpose()?;
    let oidc = web::Oidc::discover(web::Registration {
        issuer: options.oidc_issuer,
        client_id: options.oidc_client_id,
        client_secret: secret.map(|secret| secret.trim().to_owned().into()),
        audience: options.audience,
        origin: origin.clone(),
    })
    .await?;
    let running = web::start(web::Options {
        api,
        listen: options.listen,
        origin,
        tls: options.tls_certificate.zip(options.tls_key),
        sign_in: web::SignIn::Oidc(Box::new(oidc)),
    })
    .await?;
    tracing::info!(address = %running.address, "serving pages");
    terminated().await;
    running.stop().await;
    Ok(())
}

/// Ends on Ctrl-C and on SIGTERM.
async fn terminated() {
    let mut terminate =
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(signal) => signal,
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "no signals");
                return;
            }
        };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}

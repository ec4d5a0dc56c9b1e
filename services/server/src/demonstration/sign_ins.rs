//! Ready-made sign-ins: a file per tenant and role, for people and for clients under test.

use std::{
    fmt::Write as _,
    fs,
    io::{self, Write as _},
    net::SocketAddr,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use domain::actor::ActingRole;
use serde::Serialize;
use strum::IntoEnumIterator as _;

use super::{
    cast::Cast,
    live_intake,
    stage::{PlayError, SIGN_IN_HOURS, Stage},
};

/// The folder of sign-ins beneath the data folder.
pub(super) struct Folder {
    path: PathBuf,
}

/// Why sign-ins could not be written.
#[derive(Debug, thiserror::Error)]
pub(super) enum SignInError {
    #[error("the folder {0} cannot be written; name another with --data-dir")]
    Folder(PathBuf, #[source] io::Error),
    #[error(transparent)]
    Play(#[from] PlayError),
    #[error("the list of sign-ins cannot be written as JSON")]
    Json(#[from] serde_json::Error),
}

/// One sign-in, as the list for clients has it.
#[derive(Debug, Clone, Serialize)]
pub(super) struct SignIn {
    /// File name beneath the folder, `northmoor.employer_hr`.
    file: String,
    /// What the tenant is called.
    name: String,
    /// `tenants/{uuid}`, or `people/{uuid}` of a candidate.
    acts_for: String,
    /// The acting role.
    role: String,
    /// The bearer token.
    token: String,
}

/// The list for clients: where to call, and as whom.
#[derive(Debug, Serialize)]
struct List<'a> {
    address: String,
    pages: String,
    sign_ins: &'a [SignIn],
}

/// Every sign-in, not written yet.
pub(super) struct Ready {
    folder: Folder,
    sign_ins: Vec<SignIn>,
}

/// What was written.
pub(super) struct Written {
    folder: PathBuf,
    sign_ins: Vec<SignIn>,
}

impl Folder {
    /// Makes the folder, empty: sign-ins of an earlier start would be too old or for another
    /// address.
    pub(super) fn clear(data_dir: &Path) -> Result<Self, SignInError> {
        let path = data_dir.join("sign-ins");
        let unusable = |error| SignInError::Folder(path.clone(), error);
        match fs::remove_dir_all(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(unusable(error)),
            _ => {}
        }
        fs::DirBuilder::new()
            .mode(0o700)
            .create(&path)
            .map_err(unusable)?;
        Ok(Self { path })
    }

    /// A sign-in per tenant and role, and per candidate.
    pub(super) fn prepare(self, stage: &Stage<'_>, cast: &Cast) -> Result<Ready, SignInError> {
        let mut sign_ins = vec![];
        let mut add =
            |file: String, name: &str, acts_for: String, role: ActingRole, token: &str| {
                sign_ins.push(SignIn {
                    file,
                    name: name.to_owned(),
                    acts_for,
                    role: role.to_string(),
                    token: token.trim_start_matches("Bearer ").to_owned(),
                });
            };
        for organisation in cast.signing_in() {
            for role in
                ActingRole::iter().filter(|role| role.tenant_kind() == Some(organisation.kind))
            {
                add(
                    format!("{}.{role}", organisation.slug),
                    &organisation.name,
                    organisation.tenant.to_string(),
                    role,
                    stage.of(organisation, role)?.bearer(),
                );
            }
        }
        for candidate in live_intake::candidates() {
            add(
                format!("{}.candidate", candidate.slug),
                &candidate.name,
                candidate.person.to_string(),
                ActingRole::Candidate,
                stage.candidate(&candidate)?.bearer(),
            );
        }
        add(
            "platform.platform_operator".to_owned(),
            "The platform",
            domain::actor::PLATFORM.to_string(),
            ActingRole::PlatformOperator,
            stage.platform()?.bearer(),
        );
        Ok(Ready {
            folder: self,
            sign_ins,
        })
    }

    fn put(&self, file: &str, content: &[u8]) -> Result<(), SignInError> {
        fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(self.path.join(file))
            .and_then(|mut open| open.write_all(content))
            .map_err(|error| SignInError::Folder(self.path.clone(), error))
    }
}

impl Ready {
    /// The same, for the pages to choose from.
    pub(super) fn for_pages(&self) -> Vec<web::Ready> {
        self.sign_ins
            .iter()
            .map(|one| web::Ready {
                key: one.file.clone(),
                name: one.name.clone(),
                role: one.role.clone(),
                token: one.token.clone().into(),
            })
            .collect()
    }

    /// Writes a file per sign-in and, when all of them are there, the list `all.json`.
    pub(super) fn write(
        self,
        address: SocketAddr,
        pages: SocketAddr,
    ) -> Result<Written, SignInError> {
        let Self { folder, sign_ins } = self;
        for sign_in in &sign_ins {
            folder.put(&sign_in.file, sign_in.token.as_bytes())?;
        }
        let list = serde_json::to_vec_pretty(&List {
            address: address.to_string(),
            pages: format!("http://{pages}"),
            sign_ins: &sign_ins,
        })?;
        // who waits for the list finds it whole
        folder.put("all.json.new", &list)?;
        let path = folder.path;
        fs::rename(path.join("all.json.new"), path.join("all.json"))
            .map_err(|error| SignInError::Folder(path.clone(), error))?;
        Ok(Written {
            folder: path,
            sign_ins,
        })
    }
}

impl Written {
    /// What somebody at a terminal needs in order to try the service.
    pub(super) fn guide(&self, address: SocketAddr, pages: SocketAddr) -> String {
        let folder = self.folder.display();
        let mut text = String::new();
        let mut line = |line: String| {
            let _ = writeln!(text, "{line}");
        };
        line(format!(
            "Trellis serves gRPC, gRPC-Web, reflection and health on {address}."
        ));
        line(format!(
            "Its pages are at http://{pages}: open them in a browser and choose a sign-in."
        ));
        line(String::new());
        line(format!(
            "Sign-ins, good for {} days, in {folder}:",
            SIGN_IN_HOURS / 24
        ));
        let candidate = ActingRole::Candidate.to_string();
        let together = |one: &SignIn, next: &SignIn| {
            one.name == next.name || (one.role == candidate && next.role == candidate)
        };
        for group in self.sign_ins.chunk_by(together) {
            let Some(first) = group.first() else { continue };
            let (slug, _) = first.file.split_once('.').unwrap_or((&first.file, ""));
            if first.role == candidate {
                let slugs: Vec<_> = group
                    .iter()
                    .filter_map(|of| of.file.split('.').next())
                    .collect();
                line(format!(
                    "  {:<46}{{{}}}.{candidate}",
                    "Invented candidates",
                    slugs.join(",")
                ));
            } else if group.len() == 1 {
                line(format!("  {:<46}{}", first.name, first.file));
            } else {
                let roles: Vec<_> = group.iter().map(|of| of.role.as_str()).collect();
                line(format!(
                    "  {:<46}{slug}.{{{}}}",
                    first.name,
                    roles.join(",")
                ));
            }
        }
        line(String::new());
        line("Three calls to try in another terminal, from the project's folder:".to_owned());
        let curl = |file: &str, rpc: &str, body: &str| {
            format!(
                "  npx --yes @bufbuild/buf curl --protocol grpc --http2-prior-knowledge \\\n    \
                 --header \"authorization: Bearer $(cat {folder}/{file})\" \\\n    \
                 --data '{body}' http://{address}/trellis.v1.{rpc}"
            )
        };
        line(String::new());
        line("  # what the employer's dashboard shows".to_owned());
        line(curl(
            "northmoor.service_manager",
            "DashboardService/GetDashboard",
            "{}",
        ));
        line(String::new());
        line("  # the first events the university's system would receive".to_owned());
        line(curl(
            "wexcombe.programme_lead",
            "FeedService/ListFeed",
            r#"{"page_size": 5}"#,
        ));
        line(String::new());
        line(
            "  # the provable history of one candidate, as the auditor replays it (once, before:"
                .to_owned(),
        );
        line("  # python3 -m pip install -r tests/interop/python/requirements.txt)".to_owned());
        line(format!(
            "  python3 tests/interop/python/client.py {folder}/all.json meridian.auditor \\\n    \
             AuditService/ReplayHistory '{{\"person\": \"{}\"}}'",
            self.sign_ins
                .iter()
                .find(|sign_in| sign_in.role == ActingRole::Candidate.to_string())
                .map_or("people/...", |sign_in| sign_in.acts_for.as_str()),
        ));
        line(String::new());
        line(
            "Time here is the latest date of any call: a call dated later moves it on.".to_owned(),
        );
        line("Ctrl-C stops everything.".to_owned());
        text
    }
}

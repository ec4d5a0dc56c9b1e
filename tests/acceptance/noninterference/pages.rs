//! The pages, as a browser gets them that follows every link.

use std::{
    collections::{BTreeSet, VecDeque},
    net::SocketAddr,
};

use domain::{actor::ActingRole, permission::Action};
use prost::bytes::Bytes;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use tonic::transport::Endpoint;
use web::{Options, Ready, SignIn};

use super::{
    surface::{Heard, Viewer},
    wire::Told,
};
use crate::harness::Service;

/// Pages that one role looks at. What there are forms for is more than that; the rest is drawn alike.
const PAGES_MAX: usize = 60;

/// The page that says who has read what.
const AUDIT: &str = "/audit";

/// Everything that each role gets to see in a browser, from the first page on.
pub(super) async fn all(service: &Service, viewer: Viewer, roles: &[ActingRole]) -> Heard {
    let sign_in = |role: &ActingRole| Ready {
        key: role.to_string(),
        name: "Somebody".to_owned(),
        role: role.to_string(),
        token: viewer.token(service, *role).into(),
    };
    let address = service.address();
    let running = web::start(Options {
        api: Endpoint::from_shared(format!("http://{address}")).expect("an address"),
        listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        origin: String::new(),
        tls: None,
        sign_in: SignIn::Development(roles.iter().map(sign_in).collect()),
    })
    .await
    .expect("pages are served");
    let (mut heard, mut browsers) = (vec![], vec![]);
    for role in roles {
        let mut browser = Browser {
            address: running.address,
            cookie: String::new(),
        };
        browser.signs_in(*role).await;
        // How often its readers read is counted by and by: looked at before they read anything, and once
        // what others have read is counted; for records are named on a page by reading them.
        if Action::ListAccesses.roles().contains(role) {
            tokio::time::sleep(2 * ledger::COUNTS_INTERVAL).await;
        }
        let (head, body) = browser.asks(&format!("GET {AUDIT}"), "").await;
        heard.push((format!("{role} page {AUDIT}"), Told::page(head, body)));
        browsers.push((*role, browser));
    }
    for (role, browser) in browsers {
        heard.extend(browser.follows_links(role).await);
    }
    running.stop().await;
    heard
}

struct Browser {
    address: SocketAddr,
    cookie: String,
}

/// A response's lines, and its body.
type Response = (Vec<(String, Vec<u8>)>, Bytes);

impl Browser {
    async fn signs_in(&mut self, role: ActingRole) {
        let form = format!("as={role}&then=/");
        let (head, _) = self.asks("POST /sign-in", &form).await;
        let cookie = head.iter().find(|(name, _)| name == "set-cookie");
        let cookie = cookie.map(|(_, value)| String::from_utf8_lossy(value).into_owned());
        let cookie = cookie.expect("a session");
        self.cookie = cookie.split(';').next().unwrap_or_default().to_owned();
    }

    async fn follows_links(&self, role: ActingRole) -> Heard {
        let mut known = BTreeSet::from(["/".to_owned(), AUDIT.to_owned()]);
        let mut next = VecDeque::from(["/".to_owned()]);
        let mut heard = vec![];
        while let Some(path) = next.pop_front()
            && heard.len() < PAGES_MAX
        {
            let (head, body) = self.asks(&format!("GET {path}"), "").await;
            let text = String::from_utf8_lossy(&body);
            let location = head.iter().filter(|(name, _)| name == "location");
            let onward = location.map(|(_, value)| String::from_utf8_lossy(value).into_owned());
            let links = text.split("href=\"").skip(1);
            let links = links.filter_map(|rest| Some(rest.split_once('"')?.0.to_owned()));
            for link in onward.chain(links) {
                let link = link.replace("&amp;", "&");
                let here = link.starts_with('/') && !link.starts_with("/assets/");
                if here && known.insert(link.clone()) {
                    // Pages and records first: every role has a form for everything it may do.
                    match link.starts_with("/acts/") {
                        true => next.push_back(link),
                        false => next.push_front(link),
                    }
                }
            }
            heard.push((format!("{role} page {path}"), Told::page(head, body)));
        }
        heard
    }

    async fn asks(&self, what: &str, form: &str) -> Response {
        let address = self.address;
        let request = format!(
            "{what} HTTP/1.1\r\nhost: {address}\r\norigin: http://{address}\r\n\
             connection: close\r\ncookie: {}\r\n\
             content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{form}",
            self.cookie,
            form.len(),
        );
        let mut stream = TcpStream::connect(address).await.expect("pages are served");
        stream.write_all(request.as_bytes()).await.expect("asked");
        let mut answer = vec![];
        stream.read_to_end(&mut answer).await.expect("answered");
        let end = (answer.windows(4).position(|four| four == b"\r\n\r\n")).expect("a head");
        let head = String::from_utf8_lossy(&answer[..end]).into_owned();
        let lines = head.split("\r\n").map(|line| {
            let (name, value) = line.split_once(": ").unwrap_or(("status", line));
            (name.to_owned(), value.as_bytes().to_vec())
        });
        (lines.collect(), Bytes::from(answer.split_off(end + 4)))
    }
}

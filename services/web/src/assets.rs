//! Stylesheets and scripts: part of the program, under an address that changes with their content.

use axum::{
    extract::Path,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use ring::digest::{Context, SHA256};

/// Name, type and content.
const FILES: [(&str, &str, &str); 5] = [
    (
        "nhsuk.css",
        "text/css",
        include_str!(concat!(env!("OUT_DIR"), "/nhsuk.css")),
    ),
    (
        "nhsuk.js",
        "text/javascript",
        include_str!(concat!(env!("OUT_DIR"), "/nhsuk.js")),
    ),
    (
        "trellis.css",
        "text/css",
        include_str!("../assets/trellis.css"),
    ),
    (
        "trellis.js",
        "text/javascript",
        include_str!("../assets/trellis.js"),
    ),
    (
        "trellis.svg",
        "image/svg+xml",
        include_str!("../assets/trellis.svg"),
    ),
];

/// Where the files of this program are: `/assets/{hash}`.
pub(crate) fn folder() -> String {
    let mut all = Context::new(&SHA256);
    for (name, _, content) in FILES {
        all.update(name.as_bytes());
        all.update(content.as_bytes());
    }
    let digest = BASE64_URL_SAFE_NO_PAD.encode(all.finish());
    format!("/assets/{}", &digest[..16])
}

/// Serves one of them. Whatever the hash says: an old page asks for what it was drawn with.
pub(crate) async fn serve(Path((_, name)): Path<(String, String)>) -> Response {
    match FILES.iter().find(|(file, ..)| *file == name) {
        Some((_, kind, content)) => {
            let headers = [
                (header::CONTENT_TYPE, format!("{kind}; charset=utf-8")),
                (
                    header::CACHE_CONTROL,
                    "public, max-age=31536000, immutable".to_owned(),
                ),
            ];
            (headers, *content).into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// No font or logo it is not entitled to, and nothing from elsewhere.
    #[test]
    fn nothing_is_loaded_from_elsewhere() {
        for (name, _, content) in FILES {
            for foreign in ["@font-face", "assets.nhs.uk", "url(http", "url(/"] {
                assert!(!content.contains(foreign), "{name} has {foreign}");
            }
        }
    }

    #[test]
    fn the_address_is_that_of_the_content() {
        assert_eq!(folder(), folder());
        assert_eq!(folder().len(), "/assets/".len() + 16);
    }
}

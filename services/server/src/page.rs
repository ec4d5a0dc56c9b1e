//! Page tokens (AIP-158): where the next page of one question starts. Opaque, of use to nobody else
//! and for no other question; all it holds is a place among the caller's own things.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use domain::{permission::Permit, refusal::Refusal};
use ring::digest::{Context, SHA256};

/// What ties a token to its question.
const SEAL_BYTES: usize = 8;

/// A question that is answered page by page: who asks what.
pub(crate) struct Question([u8; SEAL_BYTES]);

impl Question {
    /// `asked` is all of the request but its token and the size of its page.
    pub(crate) fn of(permit: &Permit, asked: &[&str]) -> Self {
        let mut context = Context::new(&SHA256);
        context.update(permit.actor().tenant.0.as_bytes());
        for part in [permit.action().to_string().as_str()].iter().chain(asked) {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part.as_bytes());
        }
        let mut seal = [0; SEAL_BYTES];
        for (to, from) in seal.iter_mut().zip(context.finish().as_ref()) {
            *to = *from;
        }
        Self(seal)
    }

    /// The token of a place.
    pub(crate) fn token(&self, place: Option<&[u8]>) -> String {
        place.map_or_else(String::new, |place| {
            BASE64_URL_SAFE_NO_PAD.encode([&self.0, place].concat())
        })
    }

    /// The place a token names; `None` for the first page.
    pub(crate) fn place<const N: usize>(&self, token: &str) -> Result<Option<[u8; N]>, Refusal> {
        if token.is_empty() {
            return Ok(None);
        }
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(token).unwrap_or_default();
        let place = bytes
            .strip_prefix(&self.0)
            .and_then(|place| place.try_into().ok());
        place.map(Some).ok_or_else(|| {
            Refusal::invalid(
                "page_token",
                "not a token of a page of this question; ask again without one",
            )
        })
    }
}

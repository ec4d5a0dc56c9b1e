//! Words that no message may show.

use std::{fmt, ops::Deref};

/// A bearer token or a client's secret: whoever prints what holds it prints no more than that it is
/// there.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl From<String> for Secret {
    fn from(words: String) -> Self {
        Self(words)
    }
}

impl Deref for Secret {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_read_and_never_printed() {
        let secret = Secret::from("trellis".to_owned());
        assert_eq!(&*secret, "trellis");
        assert_eq!(format!("{secret:?}"), "[secret]");
    }
}

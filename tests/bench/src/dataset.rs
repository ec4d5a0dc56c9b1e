//! A population of any size: the demonstration's own history, played once through the API, and
//! then lived again by other tenants and other people, as often as it takes.
//!
//! - `template`: the history, read back with every id as a hole
//! - `shared`: what there is of lives that are lived in another one's organisations
//! - `life`: one more life of it
//! - `sealing`: personal values and their keys, in the ledger's own format
//! - `copy`: the tables, and the only SQL that writes them
//! - `filler`: lives side by side, as in real time

mod copy;
mod filler;
mod life;
mod sealing;
mod shared;
mod template;

pub(crate) use filler::{Filler, Target};
pub(crate) use sealing::key_encryption_key;
pub(crate) use shared::ORGANISATIONS;
pub(crate) use template::{Template, play};

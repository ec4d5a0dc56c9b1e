//! Who is measured: a file each.

pub(crate) mod each_event;
pub(crate) mod event_rows;
pub(crate) mod peer;
pub(crate) mod pgbench;
pub(crate) mod stock;
pub(crate) mod trellis;

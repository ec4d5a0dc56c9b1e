//! The scenarios end to end, as each tenant lives them.

mod after_qualifying;
mod broken_promise;
mod dashboards;
mod disclosure;
mod disputed_record;
mod elsewhere;
mod erasure;
mod funding_lock;
mod happy_path;
mod leaver;
mod lists;
mod lost_registration;
mod network;
mod non_graduate;
mod own;
mod policies;
mod prison_pilot;
mod refer_then_pass;
mod repeats;
mod reserves;
mod retention;
mod role_kept;
mod service_life;
mod split_decision;
mod tenth_role;
mod under_cluster;

//! Who and what there is before any training: tenants, the clinical services employers run, and
//! the supervisors they have.

mod clinical_services;
mod placements;
mod service_life;
mod supervisors;
mod tenants;

pub use clinical_services::*;
pub use placements::*;
pub use service_life::*;
pub use supervisors::*;
pub use tenants::*;

/// The longest name of a tenant, clinical service, site or person, in bytes.
pub const NAME_BYTES_MAX: usize = 200;
/// The longest population id, in bytes.
pub const POPULATION_BYTES_MAX: usize = 40;
/// The longest site code, in bytes.
pub const SITE_CODE_BYTES_MAX: usize = 20;
/// The most sites of one clinical service.
pub const SITES_MAX: usize = 200;
/// The most attributes of one site.
pub const SITE_ATTRIBUTES_MAX: usize = 20;
/// The most modalities of one register entry.
pub const MODALITIES_MAX: usize = 10;
/// The longest attribute or modality id, in bytes.
pub const ATTRIBUTE_BYTES_MAX: usize = 40;
/// The longest register number, in bytes.
pub const REGISTER_NUMBER_BYTES_MAX: usize = 20;

#[cfg(test)]
mod tests;

//! Who plays: the tenants and people of the demonstration world. All of it is invented, names say
//! so; where a real body stands because the published history names it, its identifiers are
//! invented all the same.

use domain::actor::{PersonId, Region, TenantId, TenantKind};
use uuid::Uuid;

/// Everything of the demonstration is named beneath this.
pub(super) const WORLD: Uuid = Uuid::from_u128(0x7472_656c_6c69_7300_8000_0000_0000_0003);

/// A tenant, as the platform registers it.
#[derive(Debug, Clone)]
pub(super) struct Organisation {
    /// Short name of its sign-ins.
    pub(super) slug: String,
    /// Its id.
    pub(super) tenant: TenantId,
    /// Its kind.
    pub(super) kind: TenantKind,
    /// What it is called.
    pub(super) name: String,
    /// Its ODS code; employers have one.
    pub(super) ods_code: String,
    /// Its UKPRN; universities have one.
    pub(super) ukprn: String,
    /// `nhs` or `third_sector`; employers have one.
    pub(super) sector: &'static str,
    /// Its region; employers and networks have one.
    pub(super) region: Option<Region>,
}

impl Organisation {
    fn new(slug: &str, kind: TenantKind, name: &str) -> Self {
        Self {
            slug: slug.to_owned(),
            tenant: TenantId(named(&format!("tenant/{slug}"))),
            kind,
            name: name.to_owned(),
            ods_code: String::new(),
            ukprn: String::new(),
            sector: "",
            region: None,
        }
    }

    fn employer(
        slug: &str,
        name: &str,
        ods_code: &str,
        sector: &'static str,
        region: Region,
    ) -> Self {
        Self {
            ods_code: ods_code.to_owned(),
            sector,
            region: Some(region),
            ..Self::new(slug, TenantKind::Employer, name)
        }
    }

    fn university(slug: &str, name: &str, ukprn: &str) -> Self {
        Self {
            ukprn: ukprn.to_owned(),
            ..Self::new(slug, TenantKind::University, name)
        }
    }

    fn network(slug: &str, name: &str, region: Region) -> Self {
        Self {
            region: Some(region),
            ..Self::new(slug, TenantKind::Network, name)
        }
    }
}

/// The tenants of the live intake, who can sign in, and those of the early history.
#[derive(Debug, Clone)]
pub(super) struct Cast {
    /// The commissioner: Health Education England, since 2023-04-01 NHS England.
    pub(super) commissioner: Organisation,
    /// EMP-A.
    pub(super) northmoor: Organisation,
    /// EMP-B.
    pub(super) severnvale: Organisation,
    /// TS-C.
    pub(super) harbourlight: Organisation,
    /// UNI-X.
    pub(super) wexcombe: Organisation,
    /// UNI-Y.
    pub(super) calderbridge: Organisation,
    /// PPN-NW.
    pub(super) network_north_west: Organisation,
    /// PPN-MID.
    pub(super) network_midlands: Organisation,
    /// AUD.
    pub(super) meridian: Organisation,
    /// The provider of the early history.
    pub(super) provider: Organisation,
    /// Sole provider of the YIPP pilot.
    pub(super) exeter: Organisation,
    /// Employers of the early history.
    pub(super) trusts: [Organisation; 4],
}

impl Cast {
    /// The cast; the same at every start.
    pub(super) fn assemble() -> Self {
        let trusts = [
            (1, "T1N1A", Region::SouthEast),
            (2, "T2N2B", Region::SouthWest),
            (3, "T3N3C", Region::London),
            (4, "T4N4D", Region::Midlands),
        ]
        .map(|(n, ods_code, region)| {
            let (slug, name) = (format!("invented-trust-{n}"), format!("Invented Trust {n}"));
            Organisation::employer(&slug, &name, ods_code, "nhs", region)
        });
        Self {
            commissioner: Organisation::new(
                "commissioner",
                TenantKind::Commissioner,
                "Health Education England",
            ),
            northmoor: Organisation::employer(
                "northmoor",
                "Northmoor Mental Health NHS FT (invented)",
                "N1M2H",
                "nhs",
                Region::NorthWest,
            ),
            severnvale: Organisation::employer(
                "severnvale",
                "Severnvale Partnership NHS Trust (invented)",
                "S4V7P",
                "nhs",
                Region::Midlands,
            ),
            harbourlight: Organisation::employer(
                "harbourlight",
                "Harbourlight Recovery CIC (invented)",
                "H8R3C",
                "third_sector",
                Region::Midlands,
            ),
            wexcombe: Organisation::university(
                "wexcombe",
                "University of Wexcombe (invented)",
                "10099001",
            ),
            calderbridge: Organisation::university(
                "calderbridge",
                "Calderbridge University (invented)",
                "10099002",
            ),
            network_north_west: Organisation::network(
                "ppn-north-west",
                "Psychological Professions Network North West",
                Region::NorthWest,
            ),
            network_midlands: Organisation::network(
                "ppn-midlands",
                "Psychological Professions Network Midlands",
                Region::Midlands,
            ),
            meridian: Organisation::new(
                "meridian",
                TenantKind::Auditor,
                "Meridian Audit (invented)",
            ),
            provider: Organisation::university(
                "invented-university",
                "Invented University",
                "10099004",
            ),
            exeter: Organisation::university(
                "exeter",
                "University of Exeter (UKPRN invented)",
                "10099003",
            ),
            trusts,
        }
    }

    /// Everybody, in the order of registration.
    pub(super) fn all(&self) -> Vec<&Organisation> {
        let mut all = vec![&self.commissioner];
        all.extend(self.signing_in().into_iter().skip(1));
        all.extend([&self.provider, &self.exeter]);
        all.extend(&self.trusts);
        all
    }

    /// Those with sign-ins ready: the cast of the live intake.
    pub(super) fn signing_in(&self) -> Vec<&Organisation> {
        vec![
            &self.commissioner,
            &self.northmoor,
            &self.severnvale,
            &self.harbourlight,
            &self.wexcombe,
            &self.calderbridge,
            &self.network_north_west,
            &self.network_midlands,
            &self.meridian,
        ]
    }
}

/// A person who applies, with the numbers others will issue.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    /// Short name of the sign-in, `c1`.
    pub(super) slug: String,
    /// The person.
    pub(super) person: PersonId,
    /// Marked as invented.
    pub(super) name: String,
    /// Serial number behind every identifier of theirs.
    pub(super) serial: u32,
    /// Whether they hold a degree; decides the route.
    pub(super) graduate: bool,
}

impl Candidate {
    /// A person known by a short name.
    pub(super) fn new(slug: &str, serial: u32, graduate: bool) -> Self {
        Self {
            slug: slug.to_owned(),
            person: PersonId(named(&format!("person/{slug}"))),
            name: format!("Invented Candidate {}", slug.to_uppercase()),
            serial,
            graduate,
        }
    }

    /// The student identifier `university` issues for a start in `year`: two digits of the year,
    /// its UKPRN, a serial, a check digit.
    pub(super) fn sid(&self, year: i16, university: &Organisation) -> String {
        let body = format!(
            "{:02}{}{:06}",
            year.rem_euclid(100),
            university.ukprn,
            self.serial % 1_000_000
        );
        let sum: u32 = body
            .chars()
            .filter_map(|digit| digit.to_digit(10))
            .zip([1, 3, 7, 9].into_iter().cycle())
            .map(|(digit, weight)| digit * weight)
            .sum();
        format!("{body}{}", (10 - sum % 10) % 10)
    }

    /// A unique learner number: nine digits and the check digit that makes the weighted sum leave
    /// 10 modulo 11. Numbers without such a digit do not exist and are passed over.
    pub(super) fn uln(&self) -> String {
        (0..11)
            .map(|step| 100_000_000 + self.serial.saturating_mul(11).saturating_add(step))
            .find_map(|body| {
                let digits = body.to_string();
                let sum: u32 = digits
                    .chars()
                    .filter_map(|digit| digit.to_digit(10))
                    .zip((2..=10).rev())
                    .map(|(digit, weight)| digit * weight)
                    .sum();
                let check = (21 - sum % 11) % 11;
                (check < 10).then(|| format!("{digits}{check}"))
            })
            .unwrap_or_default()
    }

    /// The employee number at the employer.
    pub(super) fn employee(&self) -> String {
        format!("{:08}", 20_000_000 + self.serial)
    }

    /// The first assignment of that employee.
    pub(super) fn assignment(&self) -> String {
        format!("{}-1", self.employee())
    }
}

/// The id of something of the demonstration.
pub(super) fn named(name: &str) -> Uuid {
    Uuid::new_v5(&WORLD, name.as_bytes())
}

#[cfg(test)]
mod tests {
    use domain::identifiers::{EsrNumber, OdsCode, Sid, Ukprn, Uln};

    use super::*;

    #[test]
    fn every_invented_identifier_is_formally_valid() {
        let cast = Cast::assemble();
        for organisation in cast.all() {
            if organisation.kind == TenantKind::Employer {
                assert!(OdsCode::parse(&organisation.ods_code, "ods_code").is_ok());
            }
            if organisation.kind == TenantKind::University {
                let ukprn = Ukprn::parse(&organisation.ukprn, "ukprn").unwrap();
                for serial in 0..2_000 {
                    let candidate = Candidate::new("x", serial, true);
                    let sid = Sid::parse(&candidate.sid(2026, organisation), "sid").unwrap();
                    assert!(sid.issued_by(&ukprn, "sid").is_ok());
                    assert!(Uln::parse(&candidate.uln(), "uln").is_ok(), "{serial}");
                    assert!(EsrNumber::parse(&candidate.assignment(), "assignment").is_ok());
                }
            }
        }
    }

    #[test]
    fn the_first_candidate_has_the_student_identifier_of_the_scenario() {
        let cast = Cast::assemble();
        let first = Candidate::new("c1", 1, true);
        assert_eq!(first.sid(2026, &cast.wexcombe), "26100990010000011");
        assert_eq!(first.assignment(), "20000001-1");
    }
}

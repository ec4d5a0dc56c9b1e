//! On which days the cohorts of the early history were recruited and trained. The windows are the
//! sources'; the days within them are invented.

use crate::demonstration::{
    cohort::{Act, RecruitmentDays},
    trainee::Hours,
};

/// Half of a year's practice, in quarter-hours.
const HALF: Hours = Hours {
    contact: 180,
    intervention: 90,
    care_planning: 24,
    case_management: 44,
    clinical_skills: 44,
};

/// The first intake's recruitment, November 2021 to January 2022 (`TIME-06`).
pub(super) const FIRST_RECRUITMENT: RecruitmentDays<'_> = RecruitmentDays {
    applied: "2021-11-22",
    shortlisted: ["2021-12-02", "2021-12-03"],
    interviewed: "2021-12-09",
    decided: ["2021-12-10", "2021-12-13"],
    offered: "2021-12-14",
    accepted: "2021-12-16",
    cleared: [
        "2021-12-17",
        "2021-12-20",
        "2021-12-21",
        "2021-12-22",
        "2022-01-04",
        "2022-01-05",
    ],
    conditions_met: "2022-01-06",
};

/// The recruitment of the 29 (`TAXO-15`).
pub(super) const YIPP_RECRUITMENT: RecruitmentDays<'_> = RecruitmentDays {
    applied: "2022-01-17",
    shortlisted: ["2022-01-24", "2022-01-25"],
    interviewed: "2022-02-01",
    decided: ["2022-02-02", "2022-02-03"],
    offered: "2022-02-04",
    accepted: "2022-02-07",
    cleared: [
        "2022-02-09",
        "2022-02-10",
        "2022-02-14",
        "2022-02-16",
        "2022-02-23",
        "2022-02-25",
    ],
    conditions_met: "2022-02-28",
};

/// The second cohort's recruitment.
pub(super) const SECOND_RECRUITMENT: RecruitmentDays<'_> = RecruitmentDays {
    applied: "2023-06-05",
    shortlisted: ["2023-06-14", "2023-06-15"],
    interviewed: "2023-06-22",
    decided: ["2023-06-23", "2023-06-26"],
    offered: "2023-06-27",
    accepted: "2023-06-29",
    cleared: [
        "2023-07-03",
        "2023-07-04",
        "2023-07-06",
        "2023-07-10",
        "2023-07-20",
        "2023-07-27",
    ],
    conditions_met: "2023-07-31",
};

/// The recruitment for prisons and the gambling harms clinic.
pub(super) const PILOT_RECRUITMENT: RecruitmentDays<'_> = RecruitmentDays {
    applied: "2023-12-11",
    shortlisted: ["2024-01-03", "2024-01-04"],
    interviewed: "2024-01-11",
    decided: ["2024-01-12", "2024-01-15"],
    offered: "2024-01-16",
    accepted: "2024-01-18",
    cleared: [
        "2024-01-22",
        "2024-01-23",
        "2024-01-25",
        "2024-01-29",
        "2024-02-19",
        "2024-02-26",
    ],
    conditions_met: "2024-02-29",
};

/// The year of those who started on 10 January 2022.
pub(super) const YEAR_FROM_JANUARY_2022: [(&str, Act); 18] = [
    ("2022-01-31", Act::Pay(1)),
    ("2022-02-28", Act::Pay(2)),
    ("2022-03-31", Act::Pay(3)),
    ("2022-04-01", Act::Review),
    ("2022-04-29", Act::Pay(4)),
    ("2022-05-31", Act::Pay(5)),
    ("2022-06-30", Act::Pay(6)),
    ("2022-06-30", Act::Practise(HALF)),
    ("2022-07-29", Act::Pay(7)),
    ("2022-08-01", Act::Review),
    ("2022-08-31", Act::Pay(8)),
    ("2022-09-30", Act::Pay(9)),
    ("2022-10-31", Act::Pay(10)),
    ("2022-11-30", Act::Pay(11)),
    ("2022-12-01", Act::Review),
    ("2022-12-16", Act::Practise(HALF)),
    ("2022-12-30", Act::Pay(12)),
    ("2023-01-06", Act::Portfolio),
];

/// The year of those who started on 21 March 2022.
pub(super) const YEAR_FROM_MARCH_2022: [(&str, Act); 18] = [
    ("2022-03-31", Act::Pay(1)),
    ("2022-04-29", Act::Pay(2)),
    ("2022-05-31", Act::Pay(3)),
    ("2022-06-10", Act::Review),
    ("2022-06-30", Act::Pay(4)),
    ("2022-07-29", Act::Pay(5)),
    ("2022-08-31", Act::Pay(6)),
    ("2022-09-16", Act::Practise(HALF)),
    ("2022-09-30", Act::Pay(7)),
    ("2022-10-14", Act::Review),
    ("2022-10-31", Act::Pay(8)),
    ("2022-11-30", Act::Pay(9)),
    ("2022-12-30", Act::Pay(10)),
    ("2023-01-31", Act::Pay(11)),
    ("2023-02-10", Act::Review),
    ("2023-02-28", Act::Pay(12)),
    ("2023-03-03", Act::Practise(HALF)),
    ("2023-03-10", Act::Portfolio),
];

/// The year of the second cohort.
pub(super) const YEAR_FROM_SEPTEMBER_2023: [(&str, Act); 18] = [
    ("2023-09-29", Act::Pay(1)),
    ("2023-10-31", Act::Pay(2)),
    ("2023-11-30", Act::Pay(3)),
    ("2023-12-08", Act::Review),
    ("2023-12-29", Act::Pay(4)),
    ("2024-01-31", Act::Pay(5)),
    ("2024-02-29", Act::Pay(6)),
    ("2024-03-08", Act::Practise(HALF)),
    ("2024-03-28", Act::Pay(7)),
    ("2024-04-19", Act::Review),
    ("2024-04-30", Act::Pay(8)),
    ("2024-05-31", Act::Pay(9)),
    ("2024-06-28", Act::Pay(10)),
    ("2024-07-12", Act::Review),
    ("2024-07-31", Act::Pay(11)),
    ("2024-08-16", Act::Practise(HALF)),
    ("2024-08-23", Act::Portfolio),
    ("2024-08-30", Act::Pay(12)),
];

/// The year of the prisons and gambling harms pilots.
pub(super) const YEAR_FROM_APRIL_2024: [(&str, Act); 18] = [
    ("2024-04-30", Act::Pay(1)),
    ("2024-05-31", Act::Pay(2)),
    ("2024-06-28", Act::Pay(3)),
    ("2024-07-05", Act::Review),
    ("2024-07-31", Act::Pay(4)),
    ("2024-08-30", Act::Pay(5)),
    ("2024-09-30", Act::Pay(6)),
    ("2024-10-11", Act::Practise(HALF)),
    ("2024-10-31", Act::Pay(7)),
    ("2024-11-15", Act::Review),
    ("2024-11-29", Act::Pay(8)),
    ("2024-12-31", Act::Pay(9)),
    ("2025-01-31", Act::Pay(10)),
    ("2025-02-07", Act::Review),
    ("2025-02-28", Act::Pay(11)),
    ("2025-03-07", Act::Practise(HALF)),
    ("2025-03-14", Act::Portfolio),
    ("2025-03-28", Act::Pay(12)),
];

//! What data protection, networks and the evaluation go by.

use serde_json::{Value, json};

use super::Rows;

pub(super) fn rows(rows: &mut Rows) {
    rows.set(
        "erasure.answer_months",
        json!(1),
        "[S] a request to erase is answered within a month; standards B.7",
    );
    rows.set(
        "network.digest_days",
        json!(14),
        "[S] a bulletin every fortnight; ACTOR-08",
    );
    let measure = |definition: &str, unit: &str, expected: bool| -> Value {
        json!({ "definition": definition, "unit": unit, "expected": expected })
    };
    rows.set(
        "outcome.measures",
        json!({
            "goal_progress": measure(
                "people whose goal measure was better at the end of the month than at its start",
                "people", true,
            ),
            "people_seen": measure("people seen at least once in the month", "people", true),
            "sessions": measure("sessions held in the month", "sessions", true),
            "new_access": measure(
                "people seen for the first time who had no psychological intervention before",
                "people", true,
            ),
            "internal_referrals": measure(
                "referrals to the role from colleagues of the same employer", "referrals", false,
            ),
            "senior_hours_released": measure(
                "hours that senior professionals had for complex care because of the role",
                "hours", false,
            ),
        }),
        "[S] EVAL-05, EVAL-06, EVAL-11, EVAL-12, PRACTICE-13; [P] definitions; EVAL-07",
    );
}

//! An organisation manages its roles for a while.

use domain::actor::ActingRole::TenantAdmin;
use serde_json::json;

use crate::harness::{Cast, cast::STRANGER, service};

/// Joiner, mover, guest and leaver of an organisation that has no part in anything else.
pub(super) async fn managed(cast: &Cast) {
    let admin = cast.of(STRANGER, TenantAdmin).on("2025-09-01");
    let own = service::actor(STRANGER, TenantAdmin)
        .person
        .expect("a person");
    let (own, other) = (
        own.to_string(),
        "people/00000000-0000-4000-8000-0000000000a1",
    );
    let on = "2025-09-01";
    for who in [own.as_str(), other] {
        admin
            .write("RecordJoiner", json!({"person": who, "date": on}))
            .await;
    }
    for (who, role) in [(own.as_str(), "tenant_admin"), (other, "employer_hr")] {
        admin
            .write(
                "AssignRole",
                json!({"person": who, "role": role, "from": on}),
            )
            .await;
    }
    admin.write("ManageRoles", json!({"managed": true})).await;
    admin
        .write(
            "EndRole",
            json!({"person": other, "role": "employer_hr", "date": "2025-09-02"}),
        )
        .await;
    admin
        .write(
            "RecordLeaver",
            json!({"person": other, "date": "2025-09-03"}),
        )
        .await;
    admin.get("GetStaff", json!({})).await;
    admin.write("ManageRoles", json!({"managed": false})).await;
}

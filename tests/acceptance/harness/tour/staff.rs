//! An organisation manages its roles for a while.

use domain::actor::ActingRole::{EmployerDataProtection, TenantAdmin};
use serde_json::json;

use crate::harness::{
    Cast,
    cast::{NORTHMOOR, STRANGER},
    life::Trainee,
    service,
};

/// A class of a record is opened for a while, and the officer looks at it.
pub(super) async fn opened(cast: &Cast, c1: &Trainee) {
    let (manager, opening) = (c1.manager(""), cast.api.next_request_id());
    let open = json!({
        "request_id": opening,
        "record": c1.application,
        "class": "identity",
        "reason": "Somebody rang in distress.",
        "hours": 2,
    });
    manager.write("OpenBreakGlass", open).await;
    let opening = json!({"opening": opening});
    manager.get("ReadUnderBreakGlass", opening.clone()).await;
    let officer = cast.of(NORTHMOOR, EmployerDataProtection);
    officer.get("ListBreakGlass", json!({})).await;
    officer.write("ReviewBreakGlass", opening).await;
}

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

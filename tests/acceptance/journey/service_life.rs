//! Clinical services change while people train in them, and the catalogue that says who may.

use domain::actor::ActingRole::{EmployerHr, PracticeSupervisor, ServiceManager};
use serde_json::{Value, json};

use super::dashboards::show;
use crate::harness::{
    Cast, Service,
    cast::{NORTHMOOR, SEVERNVALE, candidate},
    life::{Campaign, Ids, Trainee},
};

const C1: Ids<'_> = Ids {
    sid: "26100990010000011",
    uln: "",
    assignment: "20000001-1",
};

async fn in_training(cast: &Cast) -> (Campaign, Trainee) {
    let campaign = Campaign::opens(cast).await;
    let c1 = Trainee::applies(
        cast,
        &campaign.vacancy,
        candidate(1),
        "2025-11-21",
        json!({}),
    )
    .await;
    c1.is_shortlisted().await;
    c1.is_interviewed().await;
    c1.is_appointed().await;
    c1.accepts().await;
    c1.is_cleared().await;
    c1.is_funded().await;
    c1.starts(&campaign, &C1, 7).await;
    (campaign, c1)
}

async fn service_of(cast: &Cast, campaign: &Campaign) -> Value {
    let read = cast
        .of(NORTHMOOR, PracticeSupervisor)
        .get(
            "GetClinicalService",
            json!({"name": campaign.clinical_service}),
        )
        .await;
    read["clinical_service"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn set_14_and_ready_04_what_a_service_becomes_shows_on_the_people_in_it() {
    let service = Service::start().await;
    let cast = &service.cast;
    let (campaign, c1) = in_training(cast).await;
    let manager = cast.of(NORTHMOOR, ServiceManager);
    show(
        cast,
        &[
            ("employer", "clinical_services_open", 1),
            ("employer", "people_without_professional_lead", 0),
            ("employer", "placements_flagged", 0),
        ],
    )
    .await;
    let placed = service_of(cast, &campaign).await;
    assert_eq!(placed["placements"][0]["application"], c1.application);
    assert_eq!(placed["placements"][0]["phase"], "trainee");

    let remodel = json!({
        "clinical_service": campaign.clinical_service,
        "setting": "camhs",
        "population": "young_people",
    });
    manager
        .on("2026-06-01")
        .write("RemodelClinicalService", remodel)
        .await;
    let of_service = json!({"clinical_service": campaign.clinical_service});
    manager
        .on("2026-06-02")
        .write("EndProfessionalLead", of_service.clone())
        .await;
    assert_eq!(
        manager
            .on("2026-06-03")
            .refusal("CloseClinicalService", of_service)
            .await,
        "STATE_NOT_ALLOWED"
    );
    show(
        cast,
        &[
            ("employer", "placements_flagged", 1),
            ("employer", "people_without_professional_lead", 1),
        ],
    )
    .await;
    let flagged = service_of(cast, &campaign).await;
    assert_eq!(flagged["placements"][0]["flag"], "setting_not_permitted");
    assert_eq!(flagged["without_professional_lead"], 1);
    assert_eq!(
        service.recorded(&campaign.clinical_service).await,
        [
            "ClinicalServiceOpened",
            "PersonPlaced",
            "ClinicalServiceRemodelled",
            "PlacementFlagged",
            "ProfessionalLeadEnded",
        ]
    );

    c1.hr("2026-08-12")
        .write("EndEmployment", json!({"employment": c1.employment()}))
        .await;
    show(
        cast,
        &[
            ("employer", "placements_flagged", 0),
            ("employer", "people_without_professional_lead", 0),
        ],
    )
    .await;
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn set_15_and_alloc_17_silent_contracts_and_lacking_sites_are_counted() {
    let service = Service::start().await;
    let cast = &service.cast;
    let (campaign, _) = in_training(cast).await;
    let hr = cast.of(NORTHMOOR, EmployerHr);
    let specify = |roles: &[&str]| {
        json!({
            "clinical_service": campaign.clinical_service,
            "reference": "C-2026-06",
            "roles": roles,
        })
    };
    let counted = async |name: &str, part: &str| {
        cast.settle().await;
        let dashboard = hr.get("GetDashboard", json!({})).await;
        dashboard["dashboard"]["figures"]
            .as_array()
            .expect("figures")
            .iter()
            .find(|figure| figure["name"] == name && figure["part"] == part)
            .map(|figure| figure["value"].clone())
    };
    hr.on("2026-06-01")
        .write("RecordServiceSpecification", specify(&[]))
        .await;
    assert_eq!(
        counted("services_not_specifying", "MHWP").await,
        Some(json!(1))
    );
    assert_eq!(
        counted("specifications_without_posts", "").await,
        Some(json!(1))
    );
    hr.on("2026-06-02")
        .write("RecordServiceSpecification", specify(&["MHWP"]))
        .await;
    assert_eq!(counted("services_not_specifying", "MHWP").await, None);
    assert_eq!(
        counted("specifications_without_posts", "").await,
        Some(json!(0))
    );

    let prison = hr
        .on("2026-06-01")
        .write(
            "OpenClinicalService",
            json!({
                "display_name": "Prison in-reach",
                "setting": "prison",
                "population": "severe_mental_illness",
            }),
        )
        .await;
    let site = |attributes: &[&str]| {
        json!({
            "clinical_service": prison,
            "code": "HMP01",
            "display_name": "HMP Example",
            "region": "south_east",
            "attributes": attributes,
        })
    };
    let mut changed = site(&["integrated_team"]);
    changed.as_object_mut().expect("a message").remove("region");
    let both = ["integrated_team", "practitioner_psychologist"];
    hr.on("2026-06-01").write("AddSite", site(&both)).await;
    assert_eq!(counted("sites_flagged", "").await, Some(json!(0)));
    hr.on("2026-07-01").write("ChangeSite", changed).await;
    assert_eq!(counted("sites_flagged", "").await, Some(json!(1)));
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn report_05_the_catalogue_is_read_by_planners_without_any_persons_data() {
    let service = Service::start().await;
    let planner = service.cast.of(SEVERNVALE, ServiceManager);
    let listed = planner.get("ListRoles", json!({"on": "2026-03-02"})).await;
    let roles: Vec<&str> = listed["roles"]
        .as_array()
        .expect("roles")
        .iter()
        .filter_map(|role| role["role"].as_str())
        .collect();
    assert_eq!(
        roles,
        [
            "APP",
            "CAP",
            "CWP",
            "EMHP",
            "GMHP",
            "MHWP",
            "NURSING_ASSOCIATE",
            "PWP",
            "YIPP"
        ]
    );
    let sizes: Vec<(&str, usize)> = listed["groupings"]
        .as_array()
        .expect("groupings")
        .iter()
        .map(|one| {
            let occupations = one["occupations"].as_array().map_or(0, Vec::len);
            (one["group"].as_str().unwrap_or_default(), occupations)
        })
        .collect();
    assert_eq!(
        sizes,
        [
            ("psychologist", 4),
            ("psychological_therapist", 7),
            ("psychological_practitioner", 5),
            ("associate_and_assistant", 2),
        ]
    );
    let mhwp = planner
        .get("GetRole", json!({"role": "MHWP", "on": "2022-03-01"}))
        .await;
    let permitted: Vec<&str> = mhwp["role"]["settings"]
        .as_array()
        .expect("settings")
        .iter()
        .filter(|row| row["phase"] == "trainee" && row["permitted"] == true)
        .filter_map(|row| row["setting"].as_str())
        .collect();
    assert_eq!(
        permitted,
        ["adult_community", "perinatal"],
        "as of the first cohort"
    );
    assert_eq!(mhwp["role"]["register_standing"], "accredited");
    assert_eq!(mhwp["role"]["pathway"]["steps"][0]["to"], "senior_mhwp");
    assert_eq!(
        planner
            .refusal("GetRole", json!({"role": "SENIOR_MHWP"}))
            .await,
        "FIELD_INVALID"
    );
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn b_1_what_a_register_said_of_a_code_is_a_dated_fact() {
    let service = Service::start().await;
    let cast = &service.cast;
    let look_up = json!({
        "tenant": SEVERNVALE.to_string(),
        "code": "ods_code",
        "result": "closed",
        "source": "ODS terminology server, Organization",
    });
    cast.operator()
        .on("2025-09-01")
        .write("RecordIdentifierLookup", look_up.clone())
        .await;
    let stranger = cast.of(NORTHMOOR, EmployerHr).on("2025-09-01");
    assert_eq!(
        stranger.refusal("RecordIdentifierLookup", look_up).await,
        "NOT_PERMITTED"
    );
    let read = cast
        .of(SEVERNVALE, EmployerHr)
        .get("GetTenant", json!({"name": SEVERNVALE.to_string()}))
        .await;
    let lookup = &read["tenant"]["lookups"][0];
    assert_eq!(lookup["value"], "S4V7P");
    assert_eq!(lookup["result"], "closed");
    assert_eq!(lookup["checked_at"], "2025-09-01");
    service.stop().await;
}

//! Dashboards through the API: read your writes, watch, and nothing for who has none.

use domain::actor::ActingRole;
use serde_json::{Value, json};

use crate::harness::{
    Caller, Service,
    cast::{COMMISSIONER, NORTHMOOR, WEXCOMBE, candidate},
    life::{Campaign, Trainee},
    service::ALL_ROLES,
};

fn interest(region: &str) -> Value {
    json!({
        "employer": NORTHMOOR.to_string(),
        "commissioner": COMMISSIONER.to_string(),
        "role": "MHWP",
        "region": region,
        "demand": 5,
    })
}

async fn demand(caller: &Caller, at_least: &Value) -> Value {
    let asked = json!({"at_least_position": at_least});
    let seen = caller.get("GetDashboard", asked).await;
    figure(&seen["dashboard"], "demand")
}

fn figure(dashboard: &Value, name: &str) -> Value {
    let figures = dashboard["figures"].as_array().expect("figures");
    figures
        .iter()
        .find(|figure| figure["name"] == name && figure["part"] == "")
        .map(|figure| figure["value"].clone())
        .expect("a whole figure is there when zero too")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dashboard_includes_what_its_reader_has_written() {
    let service = Service::start_with(|verifier| verifier, ALL_ROLES).await;
    let lead = service.cast.of(NORTHMOOR, ActingRole::ProfessionalLead);
    let mut asked_for = 0;
    for region in ["north_west", "midlands", "london"] {
        let written = lead
            .on("2025-09-08")
            .get("RegisterInterest", interest(region))
            .await;
        asked_for += 5;
        let position = &written["receipt"]["position"];
        assert_eq!(demand(&lead, position).await, asked_for);
    }
    let beyond = json!({"at_least_position": 1_000});
    assert_eq!(lead.refusal("GetDashboard", beyond).await, "FIELD_INVALID");
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watched_dashboard_comes_again_when_it_has_moved() {
    let service = Service::start_with(|verifier| verifier, ALL_ROLES).await;
    let lead = service.cast.of(NORTHMOOR, ActingRole::ProfessionalLead);
    let mut watched = lead
        .open("WatchDashboard", json!({}))
        .await
        .expect("a stream");
    lead.on("2025-09-08")
        .get("RegisterInterest", interest("north_west"))
        .await;
    loop {
        let next = watched
            .next()
            .await
            .expect("it goes on")
            .expect("it goes on");
        if figure(&next.json["dashboard"], "demand") == 5 {
            break;
        }
    }
    drop(watched);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dashboard_says_what_its_figures_mean_and_which_view_they_are_of() {
    let service = Service::start_with(|verifier| verifier, ALL_ROLES).await;
    for (tenant, role, view, version) in [
        (NORTHMOOR, ActingRole::EmployerHr, "employer", 5),
        (
            COMMISSIONER,
            ActingRole::CommissionerNational,
            "commissioner",
            5,
        ),
    ] {
        let reader = service.cast.of(tenant, role);
        // Version 0 says that no build of the view is open yet, as in the first moments.
        let seen = loop {
            let seen = reader
                .get("GetDashboard", json!({"include_definitions": true}))
                .await;
            if seen["dashboard"]["version"] != 0 {
                break seen;
            }
        };
        assert_eq!(seen["dashboard"]["view"], view);
        assert_eq!(seen["dashboard"]["version"], version);
        let defined: Vec<&Value> = seen["definitions"]
            .as_array()
            .expect("definitions")
            .iter()
            .map(|definition| &definition["name"])
            .collect();
        for figure in seen["dashboard"]["figures"].as_array().expect("figures") {
            assert!(defined.contains(&&figure["name"]), "{figure}");
        }
    }
    service.stop().await;
}

/// How fresh a dashboard is comes with it, on both clocks and in positions.
#[tokio::test(flavor = "multi_thread")]
async fn a_dashboard_says_how_far_behind_its_feed_it_is() {
    let service = Service::start().await;
    let lead = service.cast.of(NORTHMOOR, ActingRole::ProfessionalLead);
    service.cast.settle().await;
    let fresh = lead.get("GetDashboard", json!({})).await;
    assert_eq!(
        fresh["dashboard"]["feed_position"],
        fresh["dashboard"]["position"]
    );
    lead.on("2025-09-08")
        .get("RegisterInterest", interest("north_west"))
        .await;
    let behind = lead.get("GetDashboard", json!({})).await;
    let dashboard = &behind["dashboard"];
    let position = |of: &Value, name: &str| of[name].as_i64().expect("a position");
    assert_eq!(dashboard["position"], fresh["dashboard"]["position"]);
    assert_eq!(
        position(dashboard, "feed_position"),
        position(dashboard, "position") + 1
    );
    service.cast.settle().await;
    let again = lead.get("GetDashboard", json!({})).await;
    assert_eq!(
        again["dashboard"]["feed_position"],
        dashboard["feed_position"]
    );
    assert_eq!(again["dashboard"]["position"], dashboard["feed_position"]);
    let known = |of: &Value| of["dashboard"]["known_time"].is_string();
    assert!(known(&behind), "when the oldest that is missing was learnt");
    assert!(!known(&again), "all of it is there");
    service.stop().await;
}

/// A partner's name is told of a record that both have a part in, and of nothing else.
#[tokio::test(flavor = "multi_thread")]
async fn a_partner_is_called_by_its_name_within_a_common_record() {
    let service = Service::start().await;
    let cast = &service.cast;
    let campaign = Campaign::opens(cast).await;
    cast.settle().await;
    let hr = cast.of(NORTHMOOR, ActingRole::EmployerHr);
    let ask = |tenant: String, record: &str| json!({"name": tenant, "record": record});
    let partner = hr
        .get("GetTenant", ask(WEXCOMBE.to_string(), &campaign.vacancy))
        .await;
    assert_eq!(partner["tenant"]["kind"], "university");
    let names = partner["tenant"]["names"].as_array().expect("names");
    assert_eq!(names.len(), 1);
    assert_eq!(names[0]["ukprn"], "", "what it is called and nothing more");
    for (of, tenant, record) in [
        (NORTHMOOR, WEXCOMBE, ""),
        (NORTHMOOR, WEXCOMBE, "vacancies/none"),
        (
            NORTHMOOR,
            crate::harness::cast::CALDERBRIDGE,
            &campaign.vacancy,
        ),
        (
            crate::harness::cast::SEVERNVALE,
            WEXCOMBE,
            &campaign.vacancy,
        ),
    ] {
        let asker = cast.of(of, ActingRole::EmployerHr);
        let refused = asker
            .refusal("GetTenant", ask(tenant.to_string(), record))
            .await;
        assert_eq!(refused, "NOT_PERMITTED", "{tenant} of {record:?}");
    }
    service.stop().await;
}

/// Many events, rows and figures of others and of the same tenants.
const FILL: &str = "
    CREATE TEMPORARY TABLE filled AS
    SELECT n, '00000000-0000-4000-8000-' || lpad(to_hex(n / 20), 12, '0') AS id, n % 20 + 1 AS seq
      FROM generate_series(0, 39999) AS n;
    INSERT INTO ledger.event
    SELECT e.aggregate_type, id, seq, e.event_type, e.event_version, e.payload, e.metadata,
           e.home_tenant, e.parties, e.hash, e.recorded_at
      FROM filled,
           (SELECT * FROM ledger.event WHERE event_type = 'VacancyOpened' LIMIT 1) AS e;
    INSERT INTO ledger.feed
    SELECT t.tenant_id, t.head + n + 1, 'vacancy', id, seq, 'VacancyOpened', false
      FROM filled, ledger.tenant t;
    UPDATE ledger.tenant SET head = head + 40000;
    INSERT INTO ledger.stream (aggregate_type, aggregate_id, version, home_tenant, parties, last_hash)
    SELECT s.aggregate_type, id, 20, s.home_tenant, s.parties, s.last_hash
      FROM filled, (SELECT * FROM ledger.stream WHERE aggregate_type = 'vacancy' LIMIT 1) AS s
     WHERE seq = 1;
    INSERT INTO ledger.view_row (build, tenant_id, stream, thread, row)
    SELECT 1000 + n, t.tenant_id, id::uuid, id::uuid, '{}'
      FROM filled, ledger.tenant t WHERE seq = 1;
    INSERT INTO ledger.view_figure (build, tenant_id, figure, value)
    SELECT 1000 + n, t.tenant_id, 'sites', 1 FROM filled, ledger.tenant t WHERE n < 3000;
    INSERT INTO ledger.view_part (build, tenant_id, figure, part, value)
    SELECT 1000 + n, t.tenant_id, 'supervised', n::text, n % 7 + 1
      FROM filled, ledger.tenant t WHERE n < 3000;
    INSERT INTO ledger.view_spread (build, tenant_id, figure, value, parts)
    SELECT 1000 + n, t.tenant_id, 'supervised', 1, 1 FROM filled, ledger.tenant t WHERE n < 3000;
    ANALYZE";

const SCANS: &str = "
    SELECT coalesce(sum(seq_scan), 0)::bigint FROM pg_stat_user_tables
     WHERE schemaname = 'ledger' AND relname ~ '^(event|feed|stream|view_row|view_figure|view_part|view_spread)'";

/// Every read of a dashboard and of what is behind it finds its rows by index, however many there are.
#[tokio::test(flavor = "multi_thread")]
async fn dashboards_and_lists_never_scan_a_table_that_grows() {
    let service = Service::start().await;
    let cast = &service.cast;
    let campaign = Campaign::opens(cast).await;
    let applied = Trainee::applies(
        cast,
        &campaign.vacancy,
        candidate(3_001),
        "2025-11-21",
        json!({}),
    )
    .await;
    cast.settle().await;
    sqlx::raw_sql(FILL)
        .execute(&service.owner)
        .await
        .expect("filled");
    // Connections that have planned nothing yet plan with what ANALYZE found.
    let (other, running) = service.second_node().await;
    // An idle connection tells of what it did (as a start in a sandbox reads the log once) after ten
    // seconds.
    tokio::time::sleep(std::time::Duration::from_secs(11)).await;
    let before = quiet(&service).await;
    for (tenant, role) in [
        (NORTHMOOR, ActingRole::ServiceManager),
        (WEXCOMBE, ActingRole::AdmissionsTutor),
        (COMMISSIONER, ActingRole::CommissionerNational),
    ] {
        let reader = other.of(tenant, role);
        let journeys = json!({"include_journeys": true, "include_definitions": true});
        let dashboard = reader.get("GetDashboard", journeys).await;
        let figures = dashboard["dashboard"]["figures"]
            .as_array()
            .expect("figures");
        let listed = figures.iter().filter(|figure| {
            figure["value"] != 0
                && figure["suppressed"] != true
                && figure["name"] != "equity_measure"
        });
        for figure in listed.take(12) {
            let asked = json!({"figure": figure["name"], "part": figure["part"]});
            let _ = reader.call("ListFigureItems", asked).await;
        }
        for format in [
            "EXPORT_FORMAT_CSV_FIGURES",
            "EXPORT_FORMAT_CSV_JOURNEYS",
            "EXPORT_FORMAT_XLSX",
        ] {
            let mut file = reader
                .open("ExportDashboard", json!({"format": format}))
                .await
                .expect("a file");
            while file.next().await.expect("it goes on").is_some() {}
        }
        let _ = reader
            .call("ListTimeline", json!({"name": campaign.vacancy}))
            .await;
    }
    let hr = other.of(NORTHMOOR, ActingRole::ServiceManager);
    let told = hr
        .get("ListTimeline", json!({"name": applied.application}))
        .await;
    assert!(
        told["events"]
            .as_array()
            .is_some_and(|events| !events.is_empty())
    );
    let partner = json!({"name": WEXCOMBE.to_string(), "record": campaign.vacancy});
    hr.get("GetTenant", partner).await;
    other.ledger.reader().close().await;
    running.stop().await;
    let after = quiet(&service).await;
    assert_eq!(after, before, "tables were scanned");
    service.stop().await;
}

/// The scans counted so far, once the connections that did them have told.
async fn quiet(service: &Service) -> i64 {
    let mut last = -1;
    loop {
        let scans: i64 = sqlx::query_scalar(SCANS)
            .fetch_one(&service.owner)
            .await
            .expect("statistics");
        if scans == last {
            return scans;
        }
        last = scans;
        tokio::time::sleep(std::time::Duration::from_millis(1500)).await;
    }
}

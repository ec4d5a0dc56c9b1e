//! Behind every figure there is a list, behind every record a timeline, and all of it can be taken
//! away.

use domain::actor::ActingRole::{
    CommissionerNational, EmployerHr, NetworkLead, ProfessionalLead, ProgrammeLead,
};
use serde_json::{Value, json};

use crate::harness::{
    Caller, Service,
    cast::{COMMISSIONER, NETWORK, NORTHMOOR, SEVERNVALE, WEXCOMBE, candidate},
    life::{Campaign, Trainee, interest},
};

/// Every item behind a figure, page by page.
async fn behind(caller: &Caller, figure: &str, part: &str, page_size: i32) -> Vec<Value> {
    let (mut items, mut token) = (vec![], String::new());
    loop {
        let asked = json!({
            "figure": figure, "part": part, "page_size": page_size, "page_token": token,
        });
        let page = caller.get("ListFigureItems", asked).await;
        items.extend(page["items"].as_array().expect("items").clone());
        token = page["next_page_token"]
            .as_str()
            .expect("a token")
            .to_owned();
        if token.is_empty() {
            return items;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_figure_has_its_list_and_every_record_its_timeline() {
    let service = Service::start().await;
    let cast = &service.cast;
    let campaign = Campaign::opens(cast).await;
    let vacancy = &campaign.vacancy;
    let c1 = Trainee::applies(cast, vacancy, candidate(1), "2025-11-21", json!({})).await;
    c1.is_shortlisted().await;
    c1.is_interviewed().await;
    c1.is_appointed().await;
    c1.accepts().await;
    c1.is_cleared().await;
    c1.confirms_conditions(&[], &[]).await;
    c1.is_funded().await;
    let lead = cast.of(SEVERNVALE, ProfessionalLead).on("2025-09-08");
    for region in ["midlands", "london"] {
        lead.write("RegisterInterest", interest(SEVERNVALE, region, 4))
            .await;
    }
    cast.settle().await;

    let employer = cast.of(NORTHMOOR, EmployerHr);
    let university = cast.of(WEXCOMBE, ProgrammeLead);
    let national = cast.of(COMMISSIONER, CommissionerNational);
    let mut bare = vec![];
    for viewer in [&employer, &university, &national] {
        let seen = viewer.get("GetDashboard", json!({})).await;
        for figure in seen["dashboard"]["figures"].as_array().expect("figures") {
            let (name, part) = (&figure["name"], &figure["part"]);
            let (name, part) = (
                name.as_str().expect("a name"),
                part.as_str().expect("a part"),
            );
            if figure["value"] == 0 || figure["suppressed"] == true || name == "equity_measure" {
                continue;
            }
            match viewer
                .call("ListFigureItems", json!({"figure": name, "part": part}))
                .await
            {
                Ok(page) if page.json["items"] == json!([]) => bare.push(format!("{name} {part}")),
                Ok(_) => {}
                Err(refused) => assert_eq!(refused.reason, "COUNTS_ONLY", "{name} {part}"),
            }
        }
    }
    assert!(bare.is_empty(), "{bare:#?}");

    // Three employers' regions ask for places, one record each, whatever the page.
    let whole = behind(&national, "demand", "", 0).await;
    assert_eq!(whole.len(), 3);
    assert_eq!(behind(&national, "demand", "", 1).await, whole);
    let sum: i64 = whole.iter().filter_map(|item| item["value"].as_i64()).sum();
    assert_eq!(sum, 13);
    let own = behind(&national, "demand_by_region", "north_west", 0).await;
    assert_eq!(own[0]["name"], campaign.allocation);

    // A token is of no use for another question, nor to anybody else.
    let asked = json!({"figure": "demand", "page_size": 1});
    let first = national.get("ListFigureItems", asked).await;
    let token = &first["next_page_token"];
    let id = campaign.allocation.rsplit('/').next().expect("an id");
    assert!(!token.to_string().contains(id), "opaque");
    let other = json!({"figure": "capacity", "page_token": token});
    assert_eq!(
        national.refusal("ListFigureItems", other).await,
        "FIELD_INVALID"
    );
    let same = json!({"figure": "demand", "page_size": 1, "page_token": token});
    assert_eq!(
        employer.refusal("ListFigureItems", same).await,
        "FIELD_INVALID"
    );
    let unknown = json!({"figure": "ethnicity"});
    assert_eq!(
        employer.refusal("ListFigureItems", unknown).await,
        "FIELD_INVALID"
    );
    for (viewer, figure) in [
        (&national, "people_by_region"),
        (&cast.of(NETWORK, NetworkLead), "community_members"),
    ] {
        let listed = viewer
            .refusal("ListFigureItems", json!({"figure": figure}))
            .await;
        assert_eq!(listed, "COUNTS_ONLY");
    }

    // From an item to the timeline of its record, and of the life it belongs to.
    let of_record = json!({"name": own[0]["name"]});
    let told = national.get("ListTimeline", of_record.clone()).await;
    let kinds = |told: &Value| -> Vec<String> {
        let events = told["events"].as_array().expect("events").iter();
        events
            .map(|event| event["event_type"].as_str().expect("a type").to_owned())
            .collect()
    };
    assert_eq!(
        kinds(&told).first().map(String::as_str),
        Some("InterestRegistered")
    );
    let stranger = cast.of(SEVERNVALE, EmployerHr);
    assert_eq!(
        stranger.refusal("ListTimeline", of_record).await,
        "NOT_PERMITTED"
    );
    let life = json!({"name": c1.application});
    let whole = kinds(&employer.get("ListTimeline", life.clone()).await);
    for event in [
        "ApplicationSubmitted",
        "JointOutcomeReached",
        "OfferAccepted",
        "FundingAwardApproved",
    ] {
        assert!(
            whole.iter().any(|known| known == event),
            "{event} in {whole:?}"
        );
    }
    let by_then = json!({"name": c1.application, "as_of": "2025-12-01"});
    let by_then = kinds(&employer.get("ListTimeline", by_then).await);
    assert_eq!(by_then, ["ApplicationSubmitted"]);
    let before = json!({"figure": "demand", "as_of": "2025-09-07"});
    let before = national.get("ListFigureItems", before).await;
    assert_eq!(before["items"], json!([]), "nobody had asked by then");
    let nothing = json!({"figure": "demand", "known_time": "2000-01-01T00:00:00Z"});
    let nothing = national.get("ListFigureItems", nothing).await;
    assert_eq!(nothing["items"], json!([]), "nothing was known by then");

    // To take away.
    let csv = export(&national, "EXPORT_FORMAT_CSV_FIGURES").await;
    let csv = String::from_utf8(csv).expect("UTF-8");
    assert!(csv.starts_with("figure,part,value,unit,meaning,as_of\r\n"));
    assert!(csv.contains("\r\ndemand,,13,FIGURE_UNIT_COUNT,"), "{csv}");
    assert!(csv.contains("people_by_region,north_west,*,"), "{csv}");
    let csv = export(&employer, "EXPORT_FORMAT_CSV_JOURNEYS").await;
    let csv = String::from_utf8(csv).expect("UTF-8");
    assert_eq!(csv.lines().count(), 2);
    assert!(csv.contains(&c1.application));
    assert!(
        export(&employer, "EXPORT_FORMAT_XLSX")
            .await
            .starts_with(b"PK")
    );
    let none = employer.call("ExportDashboard", json!({})).await;
    assert_eq!(none.expect_err("no format").reason, "FIELD_INVALID");
    service.stop().await;
}

async fn export(caller: &Caller, format: &str) -> Vec<u8> {
    use base64::{Engine as _, prelude::BASE64_STANDARD};
    let pieces = caller
        .open("ExportDashboard", json!({"format": format}))
        .await
        .expect("a file")
        .all()
        .await
        .expect("to its end");
    pieces
        .iter()
        .flat_map(|piece| {
            let data = piece["data"].as_str().expect("bytes");
            BASE64_STANDARD.decode(data).expect("base64")
        })
        .collect()
}

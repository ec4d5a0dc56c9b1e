use super::*;

#[test]
fn fund_13_an_award_draws_on_the_financial_year_of_its_date() {
    let national = cast::national();
    let open = |ends, pence| OpenEnvelope {
        role: cast::role(),
        pence,
        ends,
    };
    let (this, next) = (date(2026, 3, 31), date(2027, 3, 31));
    for (on, drawn) in [(this, [3_248_500, 0]), (date(2026, 4, 1), [0, 3_248_500])] {
        let mut given = cast::appointed();
        for ends in [this, next] {
            let outcome = given.when(&national, APPROVAL, &open(ends, 10_000_000));
            assert_eq!(outcome, Ok(vec!["EnvelopeOpened".to_owned()]));
        }
        assert!(given.when(&national, on, &approve()).is_ok());
        let seen = [this, next].map(|year| {
            let id = Envelope::id(cast::commissioner(), &cast::role(), year);
            given.state(id).map(Envelope::drawn).unwrap_or_default()
        });
        assert_eq!(seen, drawn, "{on}");
        assert_eq!(given.when(&national, on, &approve()), Ok(vec![]));
    }
}

#[test]
fn fund_13_no_award_draws_on_an_envelope_that_is_empty_or_over() {
    let national = cast::national();
    let open = |ends, pence| OpenEnvelope {
        role: cast::role(),
        pence,
        ends,
    };
    let mut given = cast::appointed();
    let short = open(date(2026, 3, 31), 3_248_499);
    assert!(given.when(&national, APPROVAL, &short).is_ok());
    assert_eq!(given.when(&national, APPROVAL, &short), Ok(vec![]));
    assert_eq!(
        given.when(&national, APPROVAL, &approve()),
        Err(Reason::EnvelopeExhausted)
    );
    let early = open(date(2026, 2, 15), 5_000_000);
    assert!(given.when(&national, APPROVAL, &early).is_ok());
    assert_eq!(
        given.when(&national, APPROVAL, &approve()),
        Err(Reason::EnvelopeEnded)
    );
    let raised = open(date(2026, 2, 28), 3_248_500);
    assert!(given.when(&national, APPROVAL, &raised).is_ok());
    assert!(given.when(&national, APPROVAL, &approve()).is_ok());
    let below = open(date(2026, 2, 28), 3_000_000);
    assert_eq!(
        given.when(&national, APPROVAL, &below),
        Err(Reason::StateNotAllowed),
        "drawn already"
    );
    let id = Envelope::id(cast::commissioner(), &cast::role(), APPROVAL);
    let custody = given.state(id).and_then(Decider::custody).expect("opened");
    assert_eq!(custody.parties, [cast::commissioner()].into());
}

fn charge(payer: crate::actor::TenantId, pence: i64) -> InvoiceTuition {
    InvoiceTuition {
        application: cast::appointment().application,
        payer,
        pence,
    }
}

#[test]
fn fund_06_course_fees_are_charged_to_the_commissioner_and_never_to_employer_or_trainee() {
    let mut given = funded();
    let lead = cast::programme_lead();
    let on = date(2026, 3, 9);
    let trainee = crate::actor::TenantId(cast::trainee().0);
    for payer in [cast::employer(), trainee] {
        assert_eq!(
            given.when(&lead, on, &charge(payer, 500_000)),
            Err(Reason::TuitionNotChargeable)
        );
        let id = TuitionInvoice::id(cast::university(), cast::appointment().application, payer);
        let charged = given.state(id).and_then(TuitionInvoice::invoice);
        assert_eq!(charged.map_or(0, |invoice| invoice.pence), 0);
    }
    assert_eq!(
        given.when(&lead, on, &charge(cast::commissioner(), 500_001)),
        Err(Reason::TuitionNotChargeable),
        "more than was granted"
    );
    let whole = charge(cast::commissioner(), 500_000);
    assert_eq!(
        given.when(&lead, on, &whole),
        Ok(vec!["TuitionInvoiced".to_owned()])
    );
    assert_eq!(given.when(&lead, on, &whole), Ok(vec![]));
    assert_eq!(
        given.when(&lead, on, &charge(cast::commissioner(), 1)),
        Err(Reason::AlreadyRecorded)
    );
    assert_eq!(
        given.when(&lead, on, &charge(tenant(9), 1)),
        Err(Reason::FieldInvalid)
    );
    let stranger = actor(tenant(9), ActingRole::ProgrammeLead);
    assert_eq!(given.when(&stranger, on, &whole), Err(Reason::NotPermitted));
}

#[test]
fn fund_06_without_a_live_award_a_university_charges_whom_it_agreed_with() {
    let mut given = cast::in_training();
    let lead = cast::programme_lead();
    let on = date(2026, 3, 9);
    assert_eq!(
        given.when(&lead, on, &charge(cast::commissioner(), 500_000)),
        Err(Reason::StateNotAllowed)
    );
    assert!(
        given
            .when(&lead, on, &charge(cast::employer(), 500_000))
            .is_ok()
    );
}

#[test]
fn alloc_20_no_award_for_a_post_at_a_site_outside_england() {
    let whose = cast::appointment();
    for (region, expected) in [
        (None, Err(Reason::SettingNotPermitted)),
        (Some(crate::actor::Region::NorthWest), Ok(())),
    ] {
        let mut given = cast::appointed();
        let clinical_service = given.clinical_service(cast::employer(), "adult_community");
        let add = crate::directory::AddSite {
            clinical_service,
            code: "W0001".to_owned(),
            name: "Across the border".to_owned(),
            region,
            attributes: Default::default(),
        };
        given.done(&cast::hr(), APPROVAL, &add);
        let opened = crate::vacancy::VacancyEvent::VacancyOpened {
            terms: Box::new(crate::vacancy::VacancyTerms {
                clinical_service,
                sites: vec!["W0001".to_owned()],
                ..cast::vacancy_terms(&whose)
            }),
        };
        let mut given = given.happened(whose.vacancy, &opened);
        let outcome = given.when(&cast::national(), APPROVAL, &approve());
        assert_eq!(outcome.map(|_| ()), expected);
    }
}

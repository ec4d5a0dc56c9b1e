use proptest::prelude::*;

use super::*;

fn reason<T>(parsed: Result<T, Refusal>) -> Option<Reason> {
    parsed.err().map(|refusal| refusal.reason)
}

#[test]
fn uln_check_digit_vectors() {
    for valid in ["9276308686", "3000000010", "1234567899", " 9276308686 "] {
        assert_eq!(reason(Uln::parse(valid, "uln")), None, "{valid}");
    }
    for wrong in [
        "9276308687",
        "0276308686",
        "927630868",
        "92763086860",
        "927630868x",
        "",
    ] {
        assert_eq!(
            reason(Uln::parse(wrong, "uln")),
            Some(Reason::UlnCheckDigit),
            "{wrong}"
        );
    }
}

#[test]
fn a_uln_whose_weighted_sum_leaves_no_check_digit_does_not_exist() {
    for last in 0..=9 {
        assert!(Uln::parse(&format!("987654321{last}"), "uln").is_err());
    }
}

#[test]
fn sid_check_digit_vectors() {
    for valid in [
        "22100077920000019",
        "26100990010000011",
        "26100990010000022",
    ] {
        assert_eq!(reason(Sid::parse(valid, "sid")), None, "{valid}");
    }
    for wrong in [
        "22100077920000018",
        "2210007792000001",
        "2210007792000001A",
        "",
    ] {
        assert_eq!(
            reason(Sid::parse(wrong, "sid")),
            Some(Reason::SidCheckDigit),
            "{wrong}"
        );
    }
}

#[test]
fn a_sid_names_the_provider_that_issued_it() {
    let sid = Sid::parse("26100990010000011", "sid").unwrap();
    let issuer = Ukprn::parse("10099001", "ukprn").unwrap();
    let other = Ukprn::parse("10007792", "ukprn").unwrap();
    assert_eq!(reason(sid.issued_by(&issuer, "sid")), None);
    assert_eq!(
        reason(sid.issued_by(&other, "sid")),
        Some(Reason::SidProviderMismatch)
    );
}

#[test]
fn husid_check_digit() {
    // 22 1234 000001: 2·1 + 2·3 + 1·7 + 2·9 + 3·1 + 4·3 + 1·9 = 57, so the check digit is 3.
    assert!(Husid::parse("2212340000013", "husid").is_ok());
    assert!(Husid::parse("2212340000014", "husid").is_err());
    assert!(Husid::parse("221234000001", "husid").is_err());
}

#[test]
fn ods_code_frames() {
    for (code, frame) in [
        ("a1b2c", OdsFrame::Current),
        ("RH8", OdsFrame::Earlier),
        ("RH802", OdsFrame::Earlier),
        (" y56 ", OdsFrame::Earlier),
        ("8HN123456", OdsFrame::Earlier),
    ] {
        assert_eq!(
            OdsCode::parse(code, "ods_code").map(|code| code.frame()),
            Ok(frame),
            "{code}"
        );
    }
    for wrong in ["", "RH", "RH8-2", "RH80234567", "RÜ8"] {
        assert_eq!(
            reason(OdsCode::parse(wrong, "ods_code")),
            Some(Reason::OdsCodeFormat),
            "{wrong}"
        );
    }
}

#[test]
fn ukprn_is_eight_digits() {
    assert!(Ukprn::parse("10007792", "ukprn").is_ok());
    for wrong in ["1000779", "100077920", "1000779A", "1000779٢"] {
        assert_eq!(
            reason(Ukprn::parse(wrong, "ukprn")),
            Some(Reason::UkprnFormat),
            "{wrong}"
        );
    }
}

#[test]
fn hcpc_numbers_keep_their_digits() {
    assert_eq!(
        HcpcNumber::parse(" pyl00123 ", "hcpc_number").map(|n| n.to_string()),
        Ok("PYL00123".to_owned())
    );
    for wrong in ["PYL", "PYL1234567", "PH123456", "PYL12A", "123456"] {
        assert_eq!(
            reason(HcpcNumber::parse(wrong, "hcpc_number")),
            Some(Reason::HcpcNumberFormat),
            "{wrong}"
        );
    }
}

#[test]
fn esr_numbers_name_an_employee_or_an_assignment() {
    let parse = |text| EsrNumber::parse(text, "assignment").map(|n| n.is_assignment());
    assert_eq!(parse("10949595"), Ok(false));
    assert_eq!(parse("10949595-4"), Ok(true));
    for wrong in [
        "1094959",
        "10949595-",
        "10949595-123",
        "10949595-4-1",
        "1094959A",
    ] {
        assert!(parse(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn b_1_a_ukprn_that_does_not_begin_with_1_is_warned_about_and_accepted() {
    let warned = |number| Ukprn::parse(number, "ukprn").map(|n| n.warning().is_some());
    assert_eq!(warned("10007792"), Ok(false));
    assert_eq!(warned("20007792"), Ok(true));
}

#[test]
fn b_2_a_ucas_id_keeps_its_leading_zeros_and_loses_its_hyphens() {
    let parse = |text| UcasId::parse(text, "ucas_id").map(|id| id.to_string());
    assert_eq!(parse("001-234-5678"), Ok("0012345678".to_owned()));
    for wrong in ["0000000000", "123456789", "12345678901", "12345678x0"] {
        assert_eq!(
            reason(UcasId::parse(wrong, "ucas_id")),
            Some(Reason::FieldInvalid),
            "{wrong}"
        );
    }
}

#[test]
fn b_2_a_hecos_code_is_six_digits() {
    assert!(HecosCode::parse("100497", "subject").is_ok());
    for wrong in ["10049", "1004977", "C800", "psychology"] {
        assert!(HecosCode::parse(wrong, "subject").is_err(), "{wrong}");
    }
}

#[test]
fn b_4_an_nmc_pin_is_digits_and_letters_in_their_places() {
    let parse = |text| NmcPin::parse(text, "number").map(|pin| pin.to_string());
    assert_eq!(parse(" 18a1234b "), Ok("18A1234B".to_owned()));
    for wrong in ["18A1234", "1801234B", "18A12345", "PYL12345"] {
        assert!(parse(wrong).is_err(), "{wrong}");
    }
}

proptest! {
    #[test]
    fn any_single_wrong_digit_of_a_sid_is_noticed(serial in 0u32..1_000_000, at in 0usize..16, shift in 1u8..10) {
        let body = format!("2610099001{serial:06}");
        let valid = (0..10).map(|check| format!("{body}{check}")).find(|sid| Sid::parse(sid, "sid").is_ok());
        let mut sid = valid.expect("one check digit always fits").into_bytes();
        sid[at] = b'0' + (sid[at] - b'0' + shift) % 10;
        prop_assert!(Sid::parse(std::str::from_utf8(&sid).expect("digits"), "sid").is_err());
    }

    #[test]
    fn no_text_makes_a_parser_panic(text in ".{0,24}") {
        let _ = (
            OdsCode::parse(&text, "f").map(|code| code.frame()), Ukprn::parse(&text, "f"), Uln::parse(&text, "f"),
            Husid::parse(&text, "f"), Sid::parse(&text, "f"), HcpcNumber::parse(&text, "f"), EsrNumber::parse(&text, "f"),
            UcasId::parse(&text, "f"), HecosCode::parse(&text, "f"), NmcPin::parse(&text, "f"),
        );
    }
}

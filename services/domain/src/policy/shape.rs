//! The shape of every policy that has one, asked of a value before it is stored: a slip of the hand
//! is refused where it is made, and does not stop the rule that reads the value later.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{
    application::PanelMember, candidacy::ApplicationsRule, decision_round::RoundDefault,
    funding::RecoveryRule, monitoring::CodeSetPolicy, offer::EmploymentCheck,
    qualification::ReleaseOrder,
};

use crate::supervision::UntrainedSupervisor;
use crate::workforce::{TargetMeasure, WorkforceTarget};

use super::catalogue::{
    BoardQuorum, ContextFigure, CriteriaPolicy, Pathway, Phase, PracticeMinima, Range, Regions,
    RegisterStanding, Registers, Role, RolePolicy, Setting, SettingPolicy, Settings,
    SupervisorRule, Taxonomy,
};
use crate::personal::PersonalClass;
use crate::{
    curriculum::CurriculumPolicy,
    programme::{DatedFact, EquityPolicy},
};
use crate::{disclosure::DisclosureRule, edi::EdiGroups, outcome::OutcomeMeasure};

use crate::{
    actor::{Region, TenantId},
    preceptorship::TierPolicy,
};

/// Checks a value; what is wrong with it, in words.
type Check = fn(tail: &str, value: &Value) -> Result<(), String>;

/// Policy ids, or with a trailing `*` their beginnings, and the check of their values; the first
/// that fits holds.
#[rustfmt::skip]
const SHAPES: &[(&str, Check)] = &[
    ("role.*",                     role),
    ("setting.*",                  setting),
    ("settings",                   reads::<Settings>),
    ("taxonomy",                   reads::<Taxonomy>),
    ("registers",                  reads::<Registers>),
    ("regions",                    regions),
    ("pathway.*",                  reads::<Pathway>),
    ("criteria.*",                 reads::<CriteriaPolicy>),
    ("cluster.min",                reads::<u32>),
    ("cluster.min.*",              reads::<u32>),
    ("cluster.range",              range),
    ("practice_days",              range),
    ("practice_days.exception",    range),
    ("fitness.review_days",        reads::<u32>),
    ("withdrawal.representations_days", reads::<BTreeMap<String, u32>>),
    ("university_days",            reads::<u32>),
    ("study.day_quarter_hours",    reads::<u32>),
    ("practice.min",               reads::<PracticeMinima>),
    ("practice.min.*",             reads::<PracticeMinima>),
    ("interventions.*",            reads::<Vec<String>>),
    ("reviews.due_months",         reads::<Vec<u32>>),
    ("fidelity.outside_max_percent", reads::<i64>),
    ("gap.alert_days",             reads::<i64>),
    ("supervisor.trainees_max",    reads::<u32>),
    ("supervisor.training",        reads::<UntrainedSupervisor>),
    ("board.quorum",               reads::<BoardQuorum>),
    ("board.quorum.*",             reads::<BoardQuorum>),
    ("pass_mark",                  reads::<BTreeMap<String, u8>>),
    ("resit.max",                  reads::<u32>),
    ("lock.start",                 reads::<Date>),
    ("lock.years",                 reads::<i16>),
    ("lock.programmes",            reads::<Vec<Role>>),
    ("lock.nations",               reads::<BTreeMap<String, Date>>),
    ("lock.boundary",              reads::<String>),
    ("lock.next_programmes",       reads::<Vec<String>>),
    ("board.chairs_action.consult", reads::<bool>),
    ("appeal.letter_days",         reads::<u32>),
    ("result.release",             reads::<ReleaseOrder>),
    ("result.release.*",           reads::<ReleaseOrder>),
    ("register.system_of_practice.*", reads::<Vec<Setting>>),
    ("appeal.complaint_months",    reads::<u32>),
    ("commitment.evidence_window", reads::<u32>),
    ("commitment.maintenance",     reads::<u32>),
    ("commitment.grace_max",       reads::<u32>),
    ("recovery.*",                 reads::<RecoveryRule>),
    ("award.instalments",          reads::<u32>),
    ("award.payee_sectors",        reads::<Vec<String>>),
    ("award.tuition_pence",        reads::<BTreeMap<Role, i64>>),
    ("pay.table",                  reads::<BTreeMap<String, Vec<i64>>>),
    ("edi.codes.*",                reads::<CodeSetPolicy>),
    ("edi.groups.*",               reads::<EdiGroups>),
    ("disclosure.rule",            reads::<DisclosureRule>),
    ("disclosure.minimum_change",  reads::<u32>),
    ("disclosure.release_months",  reads::<u32>),
    ("employment.checks",          reads::<BTreeSet<EmploymentCheck>>),
    ("employment.checks.validity", reads::<BTreeMap<EmploymentCheck, u32>>),
    ("round.deadline",             reads::<u32>),
    ("round.default",              reads::<RoundDefault>),
    ("applications",               reads::<ApplicationsRule>),
    ("offer.answer",               reads::<u32>),
    ("interview.panel",            reads::<BTreeSet<PanelMember>>),
    ("network.of_region",          reads::<BTreeMap<Region, TenantId>>),
    ("destinations.marks",         reads::<Vec<u32>>),
    ("destinations.other",         reads::<Vec<String>>),
    ("early_leaver.months",        reads::<u32>),
    ("arrs.setting",               reads::<Setting>),
    ("arrs.bands",                 range),
    ("arrs.competences",           reads::<Vec<String>>),
    ("arrs.supervisor_rule",       reads::<Vec<SupervisorRule>>),
    ("arrs.registers",             reads::<Vec<RegisterStanding>>),
    ("arrs.experience_months",     reads::<u32>),
    ("contact_hours.qualified",    reads::<u32>),
    ("contact_hours.pro_rata",     reads::<bool>),
    ("consolidation.years",        reads::<u32>),
    ("practice.leaving_reasons",   reads::<Vec<String>>),
    ("transition.steps",           reads::<Vec<String>>),
    ("transition.first_step_months", reads::<u32>),
    ("preceptorship.tier",         reads::<String>),
    ("preceptorship.tiers",        reads::<BTreeMap<String, TierPolicy>>),
    ("preceptorship.first_meeting_days", reads::<BTreeMap<String, u32>>),
    ("preceptorship.preceptor_months", reads::<u32>),
    ("register.required_from",     reads::<Date>),
    ("register.deadline",          reads::<Date>),
    ("erasure.answer_months",      reads::<u32>),
    ("break_glass.hours",          reads::<u32>),
    ("access.retention_months",    reads::<u32>),
    ("break_glass.classes",        reads::<BTreeSet<PersonalClass>>),
    ("network.digest_days",        reads::<u32>),
    ("outcome.measures",           reads::<BTreeMap<String, OutcomeMeasure>>),
    ("workforce.target.*",         target),
    ("context.*",                  reads::<ContextFigure>),
    ("curriculum.*",               reads::<CurriculumPolicy>),
    ("rpl.years_max",              reads::<i16>),
    ("rpl.credit_share_max_percent", reads::<u32>),
    ("timeline.*",                 timeline),
    ("equity",                     reads::<EquityPolicy>),
];

/// Whether a value may be set: it has the shape of its policy, and where a rule has not said which
/// that is, the kind of JSON of the version before it.
pub(super) fn check(policy: &str, value: &Value, newest: Option<&Value>) -> Result<(), String> {
    for (id, check) in SHAPES {
        let tail = match id.strip_suffix('*') {
            Some(beginning) => policy.strip_prefix(beginning),
            None => (policy == *id).then_some(""),
        };
        if let Some(tail) = tail {
            return check(tail, value);
        }
    }
    match newest {
        Some(newest) if kind(newest) != kind(value) => Err(format!(
            "policy {policy} has always been {}, this is {}; see its versions with GetPolicy",
            kind(newest),
            kind(value)
        )),
        _ => Ok(()),
    }
}

const fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

fn parsed<T: DeserializeOwned + Serialize>(value: &Value) -> Result<T, String> {
    let read =
        T::deserialize(value).map_err(|error| format!("not a value of this policy: {error}"))?;
    let again = serde_json::to_value(&read).map_err(|error| error.to_string())?;
    match stray(value, &again) {
        Some(field) => Err(format!("no rule reads a field {field}; check its spelling")),
        None => Ok(read),
    }
}

/// A field that was given and not read.
fn stray<'a>(given: &'a Value, read: &Value) -> Option<&'a str> {
    match (given, read) {
        (Value::Object(given), Value::Object(read)) => {
            given.iter().find_map(|(name, value)| match read.get(name) {
                Some(read) => stray(value, read),
                None => Some(name.as_str()),
            })
        }
        (Value::Array(given), Value::Array(read)) => given
            .iter()
            .zip(read)
            .find_map(|(given, read)| stray(given, read)),
        _ => None,
    }
}

fn reads<T: DeserializeOwned + Serialize>(_: &str, value: &Value) -> Result<(), String> {
    parsed::<T>(value).map(drop)
}

fn range(_: &str, value: &Value) -> Result<(), String> {
    let range: Range = parsed(value)?;
    if range.min <= range.max {
        Ok(())
    } else {
        Err("min is more than max".to_owned())
    }
}

fn regions(_: &str, value: &Value) -> Result<(), String> {
    let regions: Regions = parsed(value)?;
    if regions.len() == REGIONS {
        Ok(())
    } else {
        Err(format!(
            "there are exactly {REGIONS} regions; name each of them"
        ))
    }
}

/// `ACTOR-01`
const REGIONS: usize = 7;

fn target(_: &str, value: &Value) -> Result<(), String> {
    let target: WorkforceTarget = parsed(value)?;
    if target.horizon <= target.baseline {
        return Err("the horizon is later than the baseline".to_owned());
    }
    if target.high.is_some_and(|high| high < target.low) {
        return Err("high is at least low".to_owned());
    }
    let is_share = target.measure == TargetMeasure::ShareOfGrowthPercent;
    if is_share != target.share_of.is_some() {
        return Err("a share of growth, and nothing else, names share_of".to_owned());
    }
    Ok(())
}

fn role(id: &str, value: &Value) -> Result<(), String> {
    Role::parse(id, "policy").map_err(|refusal| refusal.message)?;
    let role: RolePolicy = parsed(value)?;
    if role.qualifications.is_empty() {
        return Err("a role has at least one qualification".to_owned());
    }
    if !role
        .qualifications
        .iter()
        .all(|qualification| (1..=8).contains(&qualification.level))
    {
        return Err("levels are from 1 to 8".to_owned());
    }
    if role.months == 0 {
        return Err("a training lasts at least a month".to_owned());
    }
    let bands = [role.trainee_band, role.qualified_band];
    if bands
        .into_iter()
        .flatten()
        .any(|band| !(1..=9).contains(&band))
    {
        return Err("bands are from 1 to 9".to_owned());
    }
    Ok(())
}

/// `TIME-09`
fn timeline(_: &str, value: &Value) -> Result<(), String> {
    parsed::<Vec<DatedFact>>(value)?
        .iter()
        .try_for_each(DatedFact::check)
}

fn setting(id: &str, value: &Value) -> Result<(), String> {
    let mut parts = id.split('.');
    let named = match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(role), Some(phase), Some(setting), None) => {
            Role::parse(role, "policy").is_ok()
                && phase.parse::<Phase>().is_ok()
                && Setting::parse(setting, "policy").is_ok()
        }
        _ => false,
    };
    if !named {
        return Err("its id is setting.<role>.<trainee or qualified>.<setting>".to_owned());
    }
    parsed::<SettingPolicy>(value).map(drop)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::policy::baseline::baseline;

    #[test]
    fn every_row_of_the_baseline_has_the_shape_of_its_policy() {
        for row in baseline() {
            assert_eq!(
                check(&row.policy, &row.value, None),
                Ok(()),
                "{}",
                row.policy
            );
        }
    }

    #[test]
    fn actor_09_a_slip_of_the_hand_is_refused_where_it_is_made() {
        let role = |change: &[(&str, Value)]| {
            let mut role = json!({
                "title": "Peer Practitioner",
                "qualifications": [{"level": 6, "title": "Graduate Certificate", "entry": "any_degree"}],
                "months": 12,
                "curriculum_scope": "national",
            });
            for (field, value) in change {
                role[*field] = value.clone();
            }
            role
        };
        assert_eq!(check("role.PEER", &role(&[]), None), Ok(()));
        for (policy, wrong) in [
            ("role.PEER", role(&[("qualified_bnad", json!(5))])),
            ("role.PEER", role(&[("qualified_band", json!("five"))])),
            ("role.PEER", role(&[("qualified_band", json!(50))])),
            ("role.PEER", role(&[("qualifications", json!([]))])),
            ("role.PEER", role(&[("months", json!(0))])),
            ("role.PEER WORKER", role(&[])),
            ("setting.MHWP.student.prison", json!({"permitted": true})),
            ("setting.MHWP.trainee", json!({"permitted": true})),
            ("setting.MHWP.trainee.prison", json!({"permited": true})),
            ("cluster.min", json!("4")),
            ("cluster.range", json!({"min": 6, "max": 4})),
            ("lock.start", json!("1 April 2022")),
            ("criteria.MHWP", json!({"default": []})),
            ("regions", json!({})),
        ] {
            assert!(check(policy, &wrong, None).is_err(), "{policy} {wrong}");
        }
    }

    #[test]
    fn a_policy_without_a_stated_shape_keeps_its_kind_of_value() {
        let was = json!(365);
        assert_eq!(
            check("supervisor.recheck_days", &json!(180), Some(&was)),
            Ok(())
        );
        assert!(check("supervisor.recheck_days", &json!("180"), Some(&was)).is_err());
        assert_eq!(check("made.up", &json!([]), None), Ok(()));
    }
}

//! What is asked of a qualified post.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{
    AwayFor, ContactMode, Leaving, PracticeLeave, PracticeWeek, QualifiedPractice,
    QualifiedPracticeAct, TeamPlacement, WORD_BYTES_MAX, WeekCorrection, WeekCorrectionReason,
};
use crate::{
    actor::TenantKind,
    appointment::Appointment,
    correction::Authority,
    directory::{ClinicalService, Supervisor},
    id::Id,
    personal::{ContentDigest, Personal, PersonalClass},
    policy::catalogue::Phase,
    preceptorship::{Preceptorship, ServiceClock},
    refusal::Refusal,
    text,
    world::{Command, Halt, Issue, StreamKey, World},
};

/// Reaction to the start of a preceptorship: the post it goes with is worked from then on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OpenQualifiedPractice {
    /// The preceptorship that started.
    pub preceptorship: Id<Preceptorship>,
}

impl Command for OpenQualifiedPractice {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        issue.by.acting_for(TenantKind::Platform)?;
        let started = world.read(self.preceptorship)?.held().and_then(|held| {
            let from = held.consolidation.as_ref().map(ServiceClock::from)?;
            Some((held.appointment.clone(), from))
        });
        let Some((appointment, from)) = started else {
            return Ok(self.preceptorship.key());
        };
        let id = appointment.qualified_practice();
        world.decide(issue, id, QualifiedPracticeAct::Open { appointment, from })?;
        Ok(id.key())
    }
}

impl QualifiedPractice {
    /// Whose post it is, for one of the employer's own.
    pub(crate) fn of(
        issue: &Issue,
        world: &mut World,
        practice: Id<Self>,
    ) -> Result<Appointment, Halt> {
        let held = world.read_own(issue, practice)?.held();
        Ok(held
            .map(|held| held.appointment.clone())
            .ok_or_else(Refusal::not_permitted)?)
    }
}

/// The post belongs to a team from the day on, for a share of the week (`PRACTICE-03`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlaceInTeam {
    /// Which post.
    pub practice: Id<QualifiedPractice>,
    /// The clinical service of the team.
    pub clinical_service: Id<ClinicalService>,
    /// The team.
    pub team: String,
    /// Hundredths of a whole-time week, 1 to 100.
    pub whole_time_percent: u8,
}

impl Command for PlaceInTeam {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let team = text::identifier(&self.team, "team", WORD_BYTES_MAX)?;
        if !(1..=100).contains(&self.whole_time_percent) {
            return Err(
                Refusal::invalid("whole_time_percent", "from 1 to 100 of a whole week").into(),
            );
        }
        let role = QualifiedPractice::of(issue, world, self.practice)?.role;
        let setting = world
            .read_own(issue, self.clinical_service)?
            .terms()
            .map(|service| service.setting.clone())
            .ok_or_else(Refusal::not_permitted)?;
        let today = issue.today();
        issue
            .policies
            .permitted_setting(&role, Phase::Qualified, &setting, None, today)?;
        let hours: u32 = issue.policies.get("contact_hours.qualified", today)?;
        let pro_rata: bool = issue.policies.get("contact_hours.pro_rata", today)?;
        let share = if pro_rata {
            self.whole_time_percent
        } else {
            100
        };
        let placement = TeamPlacement {
            clinical_service: self.clinical_service,
            team,
            whole_time_percent: self.whole_time_percent,
            contact_quarters: hours.saturating_mul(4).saturating_mul(u32::from(share)) / 100,
            from: today,
        };
        world.decide(issue, self.practice, QualifiedPracticeAct::Place(placement))?;
        Ok(self.practice.key())
    }
}

/// Supervision goes on after qualifying: an eligible supervisor from the day on (`SUP-05`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NamePracticeSupervisor {
    /// Of which post.
    pub practice: Id<QualifiedPractice>,
    /// Who.
    pub supervisor: Id<Supervisor>,
}

impl Command for NamePracticeSupervisor {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let role = QualifiedPractice::of(issue, world, self.practice)?.role;
        let rule = issue.policies.supervisor_rule(&role, issue.today())?;
        let eligible = world
            .read_own(issue, self.supervisor)?
            .eligible_on(issue.today(), &rule);
        let supervise = QualifiedPracticeAct::Supervise {
            supervisor: self.supervisor,
            eligible,
        };
        world.decide(issue, self.practice, supervise)?;
        Ok(self.practice.key())
    }
}

/// Nobody supervises from the day on: a gap until the next one is named.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EndPracticeSupervision {
    /// Of which post.
    pub practice: Id<QualifiedPractice>,
}

impl Command for EndPracticeSupervision {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        world.decide(issue, self.practice, QualifiedPracticeAct::EndSupervision)?;
        Ok(self.practice.key())
    }
}

/// What a week came to: whole numbers of quarter-hours, people and sessions, and never a patient.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WeekCount {
    /// Its Monday.
    pub monday: Date,
    /// Contact by mode, in quarter-hours.
    pub contact: BTreeMap<ContactMode, u32>,
    /// Supervision received, in quarter-hours.
    pub supervision_quarters: u32,
    /// People on the caseload.
    pub caseload: u32,
    /// Sessions held.
    pub sessions: u32,
}

impl WeekCount {
    fn act(&self, corrects: Option<WeekCorrection>) -> QualifiedPracticeAct {
        QualifiedPracticeAct::Week {
            week: PracticeWeek {
                monday: self.monday,
                contact: self.contact.clone(),
                supervision_quarters: self.supervision_quarters,
                caseload: self.caseload,
                sessions: self.sessions,
            },
            corrects,
        }
    }
}

/// Counts a full week of practice.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LogPracticeWeek {
    /// Of which post.
    pub practice: Id<QualifiedPractice>,
    /// The week.
    pub week: WeekCount,
}

impl Command for LogPracticeWeek {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        world.decide(issue, self.practice, self.week.act(None))?;
        Ok(self.practice.key())
    }
}

/// Counts a week anew.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CorrectPracticeWeek {
    /// Of which post.
    pub practice: Id<QualifiedPractice>,
    /// The week as it was.
    pub week: WeekCount,
    /// Why, where it is said.
    pub reason: Option<WeekCorrectionReason>,
    /// On whose word.
    pub authority: Authority,
}

impl Command for CorrectPracticeWeek {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let held = world.read_own(issue, self.practice)?.held();
        let said = held.and_then(|held| held.said(self.week.monday));
        let corrects = (self.authority).corrects(issue, world, self.practice.key(), said)?;
        let correction = WeekCorrection {
            reason: self.reason,
            corrects,
        };
        world.decide(issue, self.practice, self.week.act(Some(correction)))?;
        Ok(self.practice.key())
    }
}

/// The practitioner is away from the day on; service stops counting meanwhile.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StartPracticeLeave {
    /// From which post.
    pub practice: Id<QualifiedPractice>,
    /// Why.
    pub reason: AwayFor,
}

impl Command for StartPracticeLeave {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let whose = QualifiedPractice::of(issue, world, self.practice)?;
        let leave = PracticeLeave {
            from: issue.today(),
            until: None,
            reason: Personal::new(
                whose.person,
                PersonalClass::LeaveReason,
                [whose.employer],
                self.reason,
            ),
            content: ContentDigest::of(issue.salt, self.practice.0, self),
        };
        world.decide(
            issue,
            self.practice,
            QualifiedPracticeAct::StartLeave(leave),
        )?;
        Ok(self.practice.key())
    }
}

/// The practitioner is back from the day on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EndPracticeLeave {
    /// In which post.
    pub practice: Id<QualifiedPractice>,
}

impl Command for EndPracticeLeave {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        world.decide(issue, self.practice, QualifiedPracticeAct::EndLeave)?;
        Ok(self.practice.key())
    }
}

/// The day is the practitioner's last in the post. Leaving early is reported, never refused.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LeaveQualifiedPost {
    /// Which post.
    pub practice: Id<QualifiedPractice>,
    /// The class of the reason, of policy `practice.leaving_reasons`.
    pub reason: String,
}

impl Command for LeaveQualifiedPost {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let reason = text::identifier(&self.reason, "reason", WORD_BYTES_MAX)?;
        let reasons: Vec<String> = issue
            .policies
            .get("practice.leaving_reasons", issue.today())?;
        if !reasons.contains(&reason) {
            return Err(Refusal::invalid(
                "reason",
                format!(
                    "policy practice.leaving_reasons names {}",
                    reasons.join(", ")
                ),
            )
            .into());
        }
        let leaving = Leaving {
            on: issue.today(),
            reason,
        };
        world.decide(issue, self.practice, QualifiedPracticeAct::Leave(leaving))?;
        Ok(self.practice.key())
    }
}

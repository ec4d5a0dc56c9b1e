//! Interviews held, by day and kinds of panel members (`ACTOR-11`).

use std::collections::BTreeSet;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{
    Application, ApplicationAct, ApplicationEvent, HeldApplication, INTERVIEWS_MAX, Interview,
    PANEL_MAX, PanelMember, Stage, held,
};
use crate::{
    id::Id,
    refusal::{Reason, Refusal},
    text,
    world::{Command, Halt, Issue, StreamKey, World},
};

/// Records an interview that was held, by day and kinds of panel members.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecordInterview {
    /// The application.
    pub application: Id<Application>,
    /// The day.
    pub on: Date,
    /// Who sat on the panel, by kind.
    pub panel: Vec<PanelMember>,
}

impl Command for RecordInterview {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        held(issue, world, self.application)?.side(issue)?;
        let needed = issue.policies.get("interview.panel", issue.today())?;
        let act = ApplicationAct::RecordInterview {
            record: self.clone(),
            needed,
        };
        world.decide(issue, self.application, act)?;
        Ok(self.application.key())
    }
}

impl HeldApplication {
    pub(super) fn interviewed(
        &self,
        record: &RecordInterview,
        needed: &BTreeSet<PanelMember>,
        today: Date,
    ) -> Result<Vec<ApplicationEvent>, Refusal> {
        if record.panel.is_empty() {
            return Err(Refusal::invalid("panel", "name the kinds of panel members"));
        }
        text::at_most(&record.panel, "panel", PANEL_MAX)?;
        if record.on > today {
            return Err(Refusal::invalid(
                "on",
                "the interview is not held yet; record it afterwards",
            ));
        }
        let interview = Interview {
            on: record.on,
            panel: record.panel.iter().copied().collect(),
        };
        if let Some(known) = self.interviews.iter().find(|known| known.on == record.on) {
            return if *known == interview {
                Ok(vec![])
            } else {
                Err(Refusal::new(
                    Reason::AlreadyRecorded,
                    "an interview of that day is recorded with another panel",
                ))
            };
        }
        let missing: Vec<_> = needed.difference(&interview.panel).collect();
        if !missing.is_empty() {
            let missing: Vec<_> = missing.iter().map(ToString::to_string).collect();
            return Err(Refusal::new(
                Reason::PanelIncomplete,
                "every panel has these kinds of members; hold the interview with them",
            )
            .at("panel")
            .with("missing", missing.join(",")));
        }
        if self.stage != Stage::Shortlisted {
            return Err(Refusal::state_not_allowed(
                "interviews are recorded once the shortlist is revealed and before a decision \
                 round opens",
            ));
        }
        if self.interviews.len() >= INTERVIEWS_MAX {
            return Err(Refusal::state_not_allowed(
                "no more interviews can be recorded",
            ));
        }
        Ok(vec![ApplicationEvent::InterviewHeld { interview }])
    }
}

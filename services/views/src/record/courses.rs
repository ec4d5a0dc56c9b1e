//! Universities' courses for supervisors.

use domain::supervision::SupervisorCourseEvent;
use ledger::view::{Figures, Noted};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Keep;
use crate::dashboard::{Definition, count};

/// A course as one supervisor takes it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct CourseRecord {
    /// Who takes it.
    pub supervisor: Option<Uuid>,
    /// Whether it is completed.
    pub completed: bool,
}

/// By supervisor: [`TRAINEE`] for each trainee, and one for each course completed. One figure of both,
/// since who is in it twice is asked of its spread.
pub(crate) const SUPERVISORS: &str = "supervisors";
/// More than there are courses.
pub(crate) const TRAINEE: i64 = 1 << 20;

pub(crate) const OFFERED: Definition = count(
    "supervisor_training_offered",
    "supervisors whom a university offered its course (SUP-02)",
);
pub(crate) const COMPLETED: Definition = count(
    "supervisor_training_completed",
    "of these, those who completed it",
);
pub(crate) const UNTRAINED: Definition = count(
    "supervisors_untrained",
    "supervisors of trainees without a completed course: a warning, no bar",
);

impl CourseRecord {
    pub(crate) fn sums(&self, sums: &mut Figures) {
        sums.add(OFFERED.name, 1);
        sums.count(COMPLETED.name, self.completed);
        if let (Some(supervisor), true) = (self.supervisor, self.completed) {
            sums.add_of(SUPERVISORS, format!("supervisors/{supervisor}"), 1);
        }
    }
}

/// Adds how many of those who supervise have not completed a course.
pub(crate) fn complete(figures: &mut Figures) {
    let untrained = |value| value >= TRAINEE && value % TRAINEE == 0;
    let untrained = figures.crowd(SUPERVISORS).parts(untrained);
    figures.add(UNTRAINED.name, untrained);
}

impl Keep<SupervisorCourseEvent> for CourseRecord {
    fn note(&mut self, _: &Noted, fact: &SupervisorCourseEvent) {
        match fact {
            SupervisorCourseEvent::SupervisorTrainingOffered { supervisor, .. } => {
                self.supervisor = Some(supervisor.0);
            }
            SupervisorCourseEvent::SupervisorTrainingCompleted { .. } => self.completed = true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sup_02_supervisors_without_a_completed_course_are_counted() {
        let mut figures = Figures::default();
        for (supervisor, completed) in [(1, true), (2, false)] {
            let supervisor = Uuid::from_u128(supervisor);
            figures.add_of(
                SUPERVISORS,
                format!("supervisors/{supervisor}"),
                4 * TRAINEE,
            );
            let course = CourseRecord {
                supervisor: Some(supervisor),
                completed,
            };
            course.sums(&mut figures);
        }
        complete(&mut figures);
        let shown = [OFFERED, COMPLETED, UNTRAINED].map(|figure| figures.get(figure.name));
        assert_eq!(shown, [2, 1, 1]);
    }
}

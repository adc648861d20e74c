"""The journal: what happens when a graph is run forward, then backward, one record a step.

Drawings read it. Its numbers are those of the ops' own NumPy meaning.
"""

from tinygraph.journal.against import Comparison as Comparison
from tinygraph.journal.against import against as against
from tinygraph.journal.diff import Diff as Diff
from tinygraph.journal.diff import diff as diff
from tinygraph.journal.iteration import iteration as iteration
from tinygraph.journal.iteration import shown_backward as shown_backward
from tinygraph.journal.known import Known as Known
from tinygraph.journal.loaded import load_journal as load_journal
from tinygraph.journal.memory import Memory as Memory
from tinygraph.journal.memory import Recalled as Recalled
from tinygraph.journal.readings import Held as Held
from tinygraph.journal.readings import Reading as Reading
from tinygraph.journal.readings import Summary as Summary
from tinygraph.journal.readings import number as number
from tinygraph.journal.recording import Journal as Journal
from tinygraph.journal.records import Backward as Backward
from tinygraph.journal.records import Forward as Forward
from tinygraph.journal.records import Record as Record
from tinygraph.journal.records import Start as Start
from tinygraph.journal.records import Wire as Wire
from tinygraph.journal.records import readings_of as readings_of
from tinygraph.journal.run import differentiable as differentiable
from tinygraph.journal.run import journal as journal
from tinygraph.journal.run import recorded as recorded
from tinygraph.journal.run import upstream_of as upstream_of
from tinygraph.journal.saved_journal import SavedJournal as SavedJournal
from tinygraph.journal.stored import Stored as Stored

"""What an agent says at each step, word for word (R38, R65, R67, R72), and what he is reminded of (R32, R78).

The questions' own sentences come from the form. None of these texts holds a phrase that nobody may say: a test looks.
"""

from dataclasses import dataclass

from ivr.policy.endings import PROMISE_SENTENCE
from ivr.policy.record_form import Form

FAREWELL = "再见，如果以后您的开票系统有什么问题请再与我们联系"  # R38
DIAGNOSIS = ("connections", "software", "hardware")  # 先检查连接，再检查软件，最后检查硬件 (R32)


@dataclass(frozen=True, kw_only=True)
class Sentence:
    """`step`: when it is said; a question's id or one of the steps below."""

    step: str
    zh: str
    en: str


def sentences(form: Form, greeting: str) -> tuple[Sentence, ...]:
    """In the order of a call. `greeting` is the prompt's own text, so that server and agent say the same."""
    asked = (
        Sentence(step=question.id, zh=question.say_zh, en=question.say_en) for question in form.questions
    )
    return (
        Sentence(step="greeting", zh=greeting, en="Greeting"),
        *asked,
        Sentence(step="hold", zh="请您稍等，我马上回来", en="One moment please, I shall be right back"),
        Sentence(
            step="promise",
            zh=PROMISE_SENTENCE,
            en="We shall contact you as soon as we have a definite result",
        ),
        Sentence(
            step="apology",
            zh="给您带来了不便，我向您真诚道歉",
            en="I sincerely apologise for the trouble you have had",
        ),
        Sentence(step="solved", zh="请问您的问题完全解决了吗？", en="Is your problem fully solved?"),
        Sentence(
            step="farewell",
            zh=FAREWELL,
            en="Goodbye; if your invoicing system gives you any trouble, please call us again",
        ),
    )

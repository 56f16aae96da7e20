import type { ComponentChildren } from "preact";
import type { Text } from "../i18n";
import { Is } from "../math/Formula";
import {
  type Followed,
  firstFactor,
  forward,
  gradients,
  lossOfPair,
  lossOfWindow,
  mean,
  product,
  row,
  type Stage,
  secondFactor,
  thirdFactor,
  update,
  windowSum,
} from "./stages";
import { type Beginning, keyOf, type Pass, type State } from "./types";

/** A paragraph in both languages. */
type Paragraph = Record<"en" | "zh", ComponentChildren>;

export interface Chapter {
  key: string;
  title: Text;
  /** What happens in it, in one sentence. */
  lead: Text;
  prose: Paragraph[];
  lines: Stage[];
  /** The change that shows another network. */
  change?: Change;
}

/** Another network, by the parameters of its link. */
export interface Change {
  text: Text;
  parameters: Record<string, string>;
  /** Which part of the page then tells about it, as a selector. */
  goal: string;
}

/** The derivation, in its own order. The chapter of a variant comes where it is needed if the variant is shown. */
export function chapters(beginning: Beginning, state: State, pass: Pass, output: number): Chapter[] {
  const path = state.output_layer === "hierarchical-softmax";
  const cbow = state.architecture === "cbow";
  const averaged = cbowMean(state, pass, cbow);
  const tree = huffmanPath(beginning, state, path);
  return [
    network(beginning, state, output, cbow),
    ...(cbow ? [averaged] : []),
    sure(state, pass, output),
    ...(path ? [tree] : []),
    wrong(state, pass, output, path),
    positive(state, pass, output),
    negative(state, pass, output),
    twoGradients(state, pass, output),
    step(state, pass, output),
    window(beginning, state, pass, output),
    many(beginning, pass),
    ...(cbow ? [] : [averaged]),
    ...(path || !beginning.output_layers.includes("hierarchical-softmax") ? [] : [tree]),
  ];
}

const input = ({ inputs }: State) => inputs.map(({ word }) => word).join(" + ");

/** The pair with a label that the text follows: the pair that is shown, or the first other one. */
function followed(pass: Pass, output: number, label: 0 | 1): Followed | undefined {
  const index = pass.t === label ? output : pass.pairs.findIndex(({ t }) => t === label);
  return index < 0 ? undefined : { pair: pass.pairs[index]!, index, shown: output };
}

function network(beginning: Beginning, state: State, output: number, cbow: boolean): Chapter {
  const word = state.inputs[0]!.word;
  const out = state.outputs[output]!.name;
  return {
    key: "network",
    title: { en: "What the network is", zh: "網路長什麼樣子" },
    lead: {
      en: "Two matrices: V has a vector for each input word, W one for each output word.",
      zh: "兩個矩陣：V 的每一列是一個輸入詞的向量，W 的每一列是一個輸出詞的向量。",
    },
    prose: [
      {
        en: (
          <>
            The question is: do two words stand near each other in the text? The input layer has one neuron for each word of the
            vocabulary. For <b>{word}</b> its neuron is 1 and all others are 0. This is called one-hot. Multiplied by V, every row
            of V is taken times 0, and only one times 1: the product <i>is</i> the row of <b>{word}</b>. No program multiplies
            here; it reads the row.
          </>
        ),
        zh: <>要回答的問題是：兩個詞在文章裡會不會相鄰？輸入層為詞彙表的每個詞準備一個神經元。輸入「<b>{word}</b>」時，它的神經元是 1，其他都是 0，這叫 one-hot。乘上 V 時，V 的每一列都乘以 0，只有一列乘以 1：結果<i>就是</i>「<b>{word}</b>」的那一列。程式並不真的做乘法，只是讀出這一列。</>,
      },
      {
        en: (
          <>
            The hidden layer is that row as it stands: no function is applied to it. The edges from it to an output word carry a
            vector too: the row of W of <b>{out}</b>. An edge is as wide as its number, and dotted where the number is negative.
            After training, the rows of V are the word vectors.
          </>
        ),
        zh: <>隱藏層就是這一列，不再套任何函數。從隱藏層到輸出詞的邊也組成一個向量：W 中「<b>{out}</b>」的那一列。邊的粗細表示數值大小，負數畫成點線。訓練結束後，V 的各列就是詞向量。</>,
      },
      ...(beginning.subwords ? [SUBWORDS] : []),
    ],
    lines: cbow ? [] : [row(beginning, state)],
  };
}

const SUBWORDS: Paragraph = {
  en: (
    <>
      With subwords, a word's vector v is the mean of its own row and its n-grams' rows of V. A step changes v, and that change is
      added to each of these rows.
    </>
  ),
  zh: <>使用子詞時，一個詞的向量 v 是它自己那一列與它的各個 n-gram 在 V 中那幾列的平均。更新會改變 v，而這個改變量會加到其中的每一列。</>,
};

function sure(state: State, pass: Pass, output: number): Chapter {
  const out = state.outputs[output]!.name;
  return {
    key: "forward",
    title: { en: "Forward: how sure is the network?", zh: "前向：網路有多肯定？" },
    lead: { en: "A score x, and from it a probability y.", zh: "先算得分 x，再得到機率 y。" },
    prose: [
      {
        en: (
          <>
            The output neuron multiplies each number of v by the number of its edge and adds the products up. That is the score,{" "}
            <Is of="x" value={pass.x} />. It is large where v and w point the same way, and negative where they point apart.
          </>
        ),
        zh: <>輸出神經元把 v 的每個數乘上對應的邊，再全部相加，這就是得分：<Is of="x" value={pass.x} />。v 與 w 方向相近時得分大，方向相反時為負。</>,
      },
      {
        en: (
          <>
            σ turns it into a probability: a score of 0 becomes one half, a large one almost 1. With <Is of="y" value={pass.y} /> the
            network says how sure it is that <b>{input(state)}</b> and <b>{out}</b> belong together.
          </>
        ),
        zh: <>σ 把它變成機率：得分 0 變成一半，很大的得分接近 1。<Is of="y" value={pass.y} /> 就是網路認為「<b>{input(state)}</b>」與「<b>{out}</b>」相配的機率。</>,
      },
    ],
    lines: forward(pass),
  };
}

function wrong(state: State, pass: Pass, output: number, path: boolean): Chapter {
  const noise = state.outputs.filter(({ label }) => label === 0).map(({ name }) => name);
  const real = state.outputs.filter(({ label }) => label === 1).map(({ name }) => name);
  return {
    key: "loss",
    title: { en: "How wrong is it? The objective J", zh: "錯了多少？目標函數 J" },
    lead: {
      en: "One number for all pairs of the window: the more wrong the network is, the larger it is.",
      zh: "整個視窗的配對合成一個數：網路錯得越多，它就越大。",
    },
    prose: [
      path
        ? {
            en: (
              <>
                At each node of the path the right answer is known: t = 1 for left, t = 0 for right. The probability that all answers
                are right is a product, of y where t is 1 and of 1 − y where t is 0. It should be as large as possible.
              </>
            ),
            zh: <>路徑上每個節點的正確答案都是已知的：往左 t = 1，往右 t = 0。全部答對的機率是一個乘積：t = 1 的取 y，t = 0 的取 1 − y。它越大越好。</>,
          }
        : {
            en: (
              <>
                <b>{real.join(", ") || "…"}</b> stood there in the text: t = 1.{" "}
                {noise.length ? (
                  <>
                    As noise, K = {noise.length} {noise.length === 1 ? "word was" : "words were"} drawn at random, with t = 0:{" "}
                    <b>{noise.join(", ")}</b>.
                  </>
                ) : (
                  "No noise was drawn: K = 0."
                )}{" "}
                The probability that all answers are right is a product, of y for the positive and of 1 − y for each negative. It
                should be as large as possible.
              </>
            ),
            zh: <>「<b>{real.join("、") || "…"}</b>」確實出現在文章裡：t = 1。{noise.length ? <>另外隨機抽出 K = {noise.length} 個雜訊詞「<b>{noise.join("、")}</b>」：t = 0。</> : "沒有抽雜訊詞：K = 0。"}全部答對的機率是一個乘積：正例取 y，每個負例取 1 − y。它越大越好。</>,
          },
      {
        en: (
          <>
            <b>Why −log?</b> The logarithm turns the product into a sum, and a sum has a simple gradient: each pair gives its own
            part. The minus turns it into a loss, which should be small. For one pair the loss is 0 where the network is sure and
            right, and grows without bound where it is sure and wrong: here <Is of="J" value={pass.J} />.{" "}
            <b>Why the natural logarithm?</b> Its derivative is 1/y with no constant. Any other base would only scale J, as a
            different η does.
          </>
        ),
        zh: <><b>為什麼取 −log？</b>對數把乘積變成和，而和的梯度很簡單：每一對各出一份。負號把它變成損失，越小越好。單看一對，網路肯定又答對時損失為 0；肯定卻答錯時，損失沒有上限。這裡 <Is of="J" value={pass.J} />。<b>為什麼用自然對數？</b>因為它的導數就是 1/y，沒有別的常數。換別的底只會把 J 乘上一個常數，等於換一個 η。</>,
      },
    ],
    lines: [lossOfPair(pass), lossOfWindow(state, pass, output)],
  };
}

const none = (kind: Text): Paragraph => ({
  en: <>This window has no {kind.en} example at the moment.</>,
  zh: <>這個視窗目前沒有{kind.zh}。</>,
});

function positive(state: State, pass: Pass, output: number): Chapter {
  const found = followed(pass, output, 1);
  const out = state.outputs[found?.index ?? output]!.name;
  return {
    key: "positive",
    title: { en: "Backward: a positive example", zh: "反向：正例" },
    lead: { en: "Three factors of the chain rule, multiplied out to y − 1.", zh: "連鎖律的三個因子，乘開得到 y − 1。" },
    prose: [
      {
        en: (
          <>
            To make J smaller, we must know how J changes where a number of v changes a little. v reaches J in three steps: v
            changes x, x changes y, y changes J. The chain rule multiplies them:{" "}
            <span class="math-text">∂J/∂v = ∂J/∂y · ∂y/∂x · ∂x/∂v</span>. Here is each of the three, and why it has its value, for{" "}
            <b>{input(state)}</b> → <b>{out}</b> with t = 1.
          </>
        ),
        zh: <>想讓 J 變小，就要知道 v 的某個數稍微改變時 J 怎麼變。v 分三步影響 J：v 改變 x，x 改變 y，y 改變 J。連鎖律把三者相乘：<span class="math-text">∂J/∂v = ∂J/∂y · ∂y/∂x · ∂x/∂v</span>。下面以「<b>{input(state)}</b>」→「<b>{out}</b>」（t = 1）為例，逐一說明每個因子為什麼是這個值。</>,
      },
      ...(found ? [] : [none({ en: "positive", zh: "正例" })]),
    ],
    lines: [
      ...(found ? [firstFactor(found), secondFactor(found)] : []),
      ...(pass.t === 1 ? [thirdFactor(pass)] : []),
      ...(found ? [product(found)] : []),
    ],
  };
}

function negative(state: State, pass: Pass, output: number): Chapter {
  const found = followed(pass, output, 0);
  const out = state.outputs[found?.index ?? output]!.name;
  const itself = pass.t === 0;
  return {
    key: "negative",
    title: { en: "Backward: a negative example", zh: "反向：負例" },
    lead: { en: "Only the first factor changes; the product is y − 0.", zh: "只有第一個因子不同，乘積是 y − 0。" },
    prose: [
      found
        ? {
            en: (
              <>
                <b>{out}</b> should not be predicted: t = 0, and the loss is −log(1 − y), with{" "}
                <Is of={keyOf("y", found.index, output)} value={found.pair.y} />. Only the first factor differs from the positive
                example. ∂y/∂x and ∂x/∂v do not know about t: they are as before.
              </>
            ),
            zh: <>「<b>{out}</b>」不該被預測出來：t = 0，損失是 −log(1 − y)，此時 <Is of={keyOf("y", found.index, output)} value={found.pair.y} />。與正例相比，只有第一個因子不同；∂y/∂x 與 ∂x/∂v 和 t 無關，跟前面一樣。</>,
          }
        : none({ en: "negative", zh: "負例" }),
    ],
    lines: found
      ? [firstFactor(found), ...(itself ? [secondFactor(found), thirdFactor(pass)] : []), product(found)]
      : [],
  };
}

function twoGradients(state: State, pass: Pass, output: number): Chapter {
  const out = state.outputs[output]!.name;
  return {
    key: "gradients",
    title: { en: "The two gradients", zh: "兩個梯度" },
    lead: { en: "The gradient of each vector is the error times the other vector.", zh: "每個向量的梯度，都是誤差乘上另一個向量。" },
    prose: [
      {
        en: (
          <>
            For <b>{input(state)}</b> → <b>{out}</b> the first two factors are the error,{" "}
            <Is of="dJ_dx" value={pass.dJ_dx} />. The third factor is w for v, and v for w. So the whole backward pass is this one
            number times a vector.
          </>
        ),
        zh: <>對「<b>{input(state)}</b>」→「<b>{out}</b>」來說，前兩個因子就是誤差：<Is of="dJ_dx" value={pass.dJ_dx} />。第三個因子，對 v 而言是 w，對 w 而言是 v。整個反向傳播，不過是這一個數乘上一個向量。</>,
      },
    ],
    lines: gradients(pass),
  };
}

function step(state: State, pass: Pass, output: number): Chapter {
  const out = state.outputs[output]!.name;
  const together = pass.t === 1;
  return {
    key: "step",
    title: { en: "The step: pull together, push apart", zh: "更新：拉近與推開" },
    lead: {
      en: "A positive pulls the two vectors together, a negative pushes them apart, by how wrong the prediction was.",
      zh: "正例把兩個向量拉近，負例把它們推開；預測錯得越多，動得越多。",
    },
    prose: [
      together
        ? {
            en: (
              <>
                The gradient points uphill, so the step goes against it, by η. The error of a positive is negative, and minus times
                minus is plus: a part of w is <b>added</b> to v, and a part of v to w. <b>{input(state)}</b> and <b>{out}</b> are
                pulled together, by η · |y − t|: the less sure the network was, the farther. Had y been 0.99, it would be a
                hundredth of η.
              </>
            ),
            zh: <>梯度指向上坡，所以沿反方向走，步長由 η 決定。正例的誤差是負的，負負得正：v <b>加上</b>一部分的 w，w 加上一部分的 v。「<b>{input(state)}</b>」與「<b>{out}</b>」被拉近，幅度是 η · |y − t|：網路越沒把握，動得越多。如果 y 已經是 0.99，就只動 η 的百分之一。</>,
          }
        : {
            en: (
              <>
                The gradient points uphill, so the step goes against it, by η. The error of a negative is positive: a part of w is{" "}
                <b>taken away</b> from v, and a part of v from w. <b>{input(state)}</b> and <b>{out}</b> are pushed apart, by η ·
                |y − t|: the surer the network was of the wrong answer, the farther. Had y been 0.01, it would be a hundredth of η.
              </>
            ),
            zh: <>梯度指向上坡，所以沿反方向走，步長由 η 決定。負例的誤差是正的：v <b>減去</b>一部分的 w，w 減去一部分的 v。「<b>{input(state)}</b>」與「<b>{out}</b>」被推開，幅度是 η · |y − t|：網路越肯定錯的答案，動得越多。如果 y 已經是 0.01，就只動 η 的百分之一。</>,
          },
      {
        en: (
          <>
            Both steps start from the <b>old</b> values: w′ is computed with v, not with v′. Both gradients belong to the point
            where the two vectors were before the step.
          </>
        ),
        zh: <>兩個更新都從<b>舊值</b>出發：算 w′ 用的是 v，不是 v′。兩個梯度都是在更新之前的那個點算出來的，只在那個點成立。</>,
      },
    ],
    lines: update(state, pass),
  };
}

function window({ source, inputs }: Beginning, state: State, pass: Pass, output: number): Chapter {
  const pairs = pass.pairs.length;
  const text = source === "corpus";
  const others = text && state.architecture === "skipgram" && inputs.length > 1;
  return {
    key: "window",
    title: { en: "The whole window: gradients add up", zh: "整個視窗：梯度相加" },
    lead: { en: "All pairs from the same old values, one sum, one step.", zh: "所有配對都用同樣的舊值，加總之後只更新一次。" },
    prose: [
      {
        en: (
          <>
            The J of a window is the sum over its {pairs} pairs, and the gradient of a sum is the sum of the gradients. v takes part
            in all of them, and gets each output vector times the error of its pair. Each w takes part in one, and gets (y − t) v.
          </>
        ),
        zh: <>一個視窗的 J 是它 {pairs} 對的總和，而和的梯度就是梯度的和。v 參與每一對，得到各個輸出向量乘上該對的誤差；每個 w 只參與一對，得到 (y − t)v。</>,
      },
      {
        en: (
          <>
            <b>Both from the old values</b>: only when all gradients are known do the vectors change. If the first pair moved v
            before the second was computed, the second gradient would belong to another point.{" "}
            {text ? (
              <>
                <i>Train this window</i> takes this step.
              </>
            ) : (
              <>
                <i>Step</i> does what training does; <i>one pair after the other</i> shows the difference.
              </>
            )}
          </>
        ),
        zh: <><b>都用舊值</b>：所有梯度都算好之後，向量才一起改變。如果第一對先動了 v 才算第二對，第二個梯度就屬於另一個點了。{text ? "「訓練這個視窗」走的就是這一步。" : "「一步」與訓練相同；選「一次一對」就能看出差別。"}</>,
      },
      ...(others
        ? [
            {
              en: (
                <>
                  This window has {inputs.length} context words: <b>{inputs.join(", ")}</b>. Each goes through the same with its own v,
                  and each w gets the sum over all of them.
                </>
              ),
              zh: <>這個視窗有 {inputs.length} 個上下文詞：<b>{inputs.join("、")}</b>。每一個都帶著自己的 v 做同樣的事，而每個 w 得到的是它們的總和。</>,
            },
          ]
        : []),
    ],
    lines: windowSum(state, pass, output),
  };
}

function many({ source }: Beginning, pass: Pass): Chapter {
  const text = source === "corpus";
  return {
    key: "many",
    title: { en: "Many windows: J falls, vectors turn", zh: "許多視窗：J 下降，向量轉向" },
    lead: {
      en: "Words with the same neighbours are pulled to the same places.",
      zh: "鄰近詞相同的詞，會被拉到同樣的地方。",
    },
    prose: [
      {
        en: (
          <>
            Training does nothing else: it takes the next window, and the next, and reads the text several times. This window stands
            at <Is of="J_all" value={pass.J_of_all} />. Two words that have the same words around them are pulled by the same output
            vectors. So they come to point in the same direction, although training never compares them.
          </>
        ),
        zh: <>訓練做的就只有這件事：一個視窗接一個視窗，把文章讀好幾遍。這個視窗現在的損失是 <Is of="J_all" value={pass.J_of_all} />。兩個詞周圍的詞相同，就會被同樣的輸出向量拉動，於是漸漸指向同一個方向，雖然訓練從未直接比較過它們。</>,
      },
      {
        en: (
          <>
            With positives alone every pair would pull and none would push: J would fall to 0, and all vectors would turn onto one
            line.{" "}
            {text ? (
              <>With K = 0 negatives you can see it.</>
            ) : (
              <>
                The button <i>Positives only</i> shows it.
              </>
            )}{" "}
            The negatives keep apart what does not belong together.
          </>
        ),
        zh: <>如果只有正例，每一對都在拉，沒有誰在推：J 會降到 0，所有向量都轉到同一條線上。{text ? "把負例數 K 設為 0 就看得到。" : "按「只用正例」就看得到。"}負例的作用，就是把不相配的詞分開。</>,
      },
    ],
    lines: [],
    ...(!text && {
      change: {
        text: { en: "Train on a text, window by window", zh: "用一段文本，逐窗訓練" },
        parameters: { source: "corpus" },
        goal: ".lab-corpus",
      },
    }),
  };
}

function cbowMean(state: State, pass: Pass, shown: boolean): Chapter {
  const count = state.inputs.length;
  return {
    key: "cbow",
    title: { en: "CBOW: the mean of the context", zh: "CBOW：上下文的平均" },
    lead: { en: "All context words at once, as one mean vector.", zh: "把所有上下文詞平均成一個向量，一次輸入。" },
    prose: [
      {
        en: (
          <>
            Skip-gram asks every context word on its own. CBOW puts all c of them in at once: in the input layer each has 1/c, and
            the hidden layer is their mean, <span class="math-text">v = (1/c) Σ vᵢ</span>. From x to ∂J/∂v nothing changes.
          </>
        ),
        zh: <>skip-gram 讓每個上下文詞各自回答。CBOW 則把 c 個詞一次放進去：輸入層中每個詞是 1/c，隱藏層是它們的平均，<span class="math-text">v = (1/c) Σ vᵢ</span>。從 x 到 ∂J/∂v 完全不變。</>,
      },
      {
        en: (
          <>
            At the end the chain rule has one more factor, <span class="math-text">∂v/∂vᵢ = 1/c</span>: each context word gets{" "}
            {shown && count > 1 ? `1/${count}` : "1/c"} of ∂J/∂v. word2vec.c leaves this factor out: its step has the same direction,
            but is c times as long, so it is not the gradient of J. wordkin's training leaves it out by default, too, because the
            vectors become better.{shown && (
              <>
                {" "}
                The choice <i>gradient</i> above shows both.
              </>
            )}
          </>
        ),
        zh: <>最後連鎖律多出一個因子 <span class="math-text">∂v/∂vᵢ = 1/c</span>：每個上下文詞得到 ∂J/∂v 的{" "}{shown && count > 1 ? `1/${count}` : "1/c"}。word2vec.c 省略了這個因子：方向相同，但步長是 c 倍，所以不是 J 的梯度。wordkin 訓練時預設也省略，因為得到的詞向量更好。{shown && "上方的「梯度」可以切換這兩種做法。"}</>,
      },
    ],
    lines: shown ? [mean(state, pass)] : [],
    ...(!shown && {
      change: {
        text: { en: "Show the network with CBOW", zh: "改用 CBOW 顯示" },
        parameters: { architecture: "cbow" },
        goal: '[data-chapter="cbow"]',
      },
    }),
  };
}

function huffmanPath(beginning: Beginning, state: State, shown: boolean): Chapter {
  const nodes = state.outputs.length;
  return {
    key: "path",
    title: { en: "Hierarchical softmax: a path instead of noise", zh: "階層式 softmax：用路徑代替雜訊" },
    lead: { en: "One yes-or-no question at each node of a Huffman tree.", zh: "在霍夫曼樹的每個節點上回答一次左或右。" },
    prose: [
      {
        en: (
          <>
            The words are the leaves of a Huffman tree, and each inner node has an output vector. To predict{" "}
            <b>{beginning.output}</b>, the network answers one question at each node on its path: left or right? The probability of
            the word is the product of the answers' probabilities. Over all words these add up to 1, without a sum over the
            vocabulary.
          </>
        ),
        zh: <>詞是霍夫曼樹的葉子，每個內部節點有一個輸出向量。要預測「<b>{beginning.output}</b>」，網路在路徑上的每個節點回答一個問題：往左還是往右？詞的機率就是這些答案機率的乘積。所有詞的機率加起來等於 1，而且不必對整個詞彙表求和。</>,
      },
      {
        en: (
          <>
            Each node is a pair like any other, with t = 1 − code, and J is the sum over the path
            {shown ? `, here ${nodes} ${nodes === 1 ? "node" : "nodes"}` : ""}. Frequent words have short paths. The derivation stays
            the same, with nodes in the place of words; no noise is drawn.
          </>
        ),
        zh: <>每個節點就是一對，t = 1 − 編碼，J 是整條路徑的和{shown ? `（這裡有 ${nodes} 個節點）` : ""}。常見詞的路徑短。推導完全不變，只是以節點代替詞，也不必抽雜訊詞。</>,
      },
    ],
    lines: [],
    ...(!shown && {
      change: {
        text: { en: "Show the network with hierarchical softmax", zh: "改用階層式 softmax 顯示" },
        parameters: { layer: "hierarchical-softmax" },
        goal: '[data-chapter="path"]',
      },
    }),
  };
}

/**
 * 执行一次操作，把结果或错误交给页面显示。
 * Does something and gives the page what came of it: data, or a sentence about the failure.
 */
module.exports = async (page, work) => {
  page.setData({ busy: true, error: '' })
  try {
    page.setData(await work())
  } catch (failure) {
    page.setData({ error: sentence(failure) })
  }
  page.setData({ busy: false })
}

/** 后端的错误、网络的错误，或微信客户端的错误。 An error of the backend, the network or WeChat's client. */
const sentence = ({ type, title, errMsg, message }) => (type === 'network' ? '网络不通，请稍后再试。' : (title ?? errMsg ?? message))
